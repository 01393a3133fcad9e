import * as errors from '../kernel/errors.ts'
import type { ErrorDetails, LeaseholdError } from '../kernel/errors.ts'
import type { Rejection, RejectionCode, RevokeReason } from '../scheduler/effects.ts'

type ErrorClass = new (message: string, details: ErrorDetails) => LeaseholdError

/** What the caller is told: which error, what happened, and what can be done about it. */
const RENDERERS: Record<
  RejectionCode,
  { error: ErrorClass; say: (model: string, rejection: Rejection) => string }
> = {
  CONCURRENCY_LIMIT: {
    error: errors.ConcurrencyLimitError,
    say: (model, { numbers }) =>
      `All ${numbers?.['limit']} leases of ${model} are taken, and the caller did not want to wait. ` +
      `Try again later, wait (whenFull: 'wait'), or raise maxConcurrent.`,
  },
  QUEUE_FULL: {
    error: errors.QueueFullError,
    say: (model, { numbers }) =>
      `The queue of ${model} is full (${numbers?.['waiting']} of ${numbers?.['limit']} wait). Try again later, or raise maxQueue.`,
  },
  OVERLOADED: {
    error: errors.OverloadedError,
    say: (model, { numbers }) =>
      numbers?.['expectedWaitMs'] === undefined
        ? `The process is overloaded, so work for ${model} is refused. Try again later.`
        : `${model} would be free in about ${numbers['expectedWaitMs']} ms, which is after the caller's deadline. Try again later.`,
  },
  ACCESS_TIMEOUT: {
    error: errors.AccessTimeoutError,
    say: (model, rejection) =>
      `${model} was not free within ${round(rejection)} ms; at the end the request waited for ${rejection.waitingFor}. Try again later, or raise accessTimeoutMs.`,
  },
  WAIT_TIMEOUT: {
    error: errors.WaitTimeoutError,
    say: (model, rejection) =>
      `${model} is still being loaded after ${round(rejection)} ms; the load goes on. Try again later, or raise waitTimeoutMs.`,
  },
  DEADLINE_EXCEEDED: {
    error: errors.DeadlineExceededError,
    say: (model, rejection) =>
      `The caller's deadline for ${model} passed after ${round(rejection)} ms of waiting for ${rejection.waitingFor}; nothing was computed.`,
  },
  LOADING_TIMEOUT: {
    error: errors.LoadingTimeoutError,
    say: (model, rejection) =>
      `${model} was not loaded within its loadingTimeoutMs, and the load was aborted; the request had waited ${round(rejection)} ms.`,
  },
  LOAD_CANCELLED: {
    error: errors.LoadCancelledError,
    say: (model) => `The load of ${model} was cancelled. The next request starts a new one.`,
  },
  MODEL_LOAD: {
    error: errors.ModelLoadError,
    say: (model, { cause }) => `${model} could not be loaded: ${reasonOf(cause)}`,
  },
  DRAIN_TIMEOUT: {
    error: errors.DrainTimeoutError,
    say: (model, { numbers }) =>
      `${model} could not be swapped in: ${numbers?.['leases']} leases on the model in its place did not end within ` +
      `${numbers?.['drainTimeoutMs']} ms (the oldest is ${Math.round(numbers?.['oldestLeaseMs'] ?? 0)} ms old). Release them, or raise drainTimeoutMs.`,
  },
  MEMORY_BUDGET: {
    error: errors.MemoryBudgetError,
    say: (model, { numbers }) =>
      `${model} needs about ${megabytes(numbers?.['neededBytes'])} MB, and the memory budget is ${megabytes(numbers?.['budgetBytes'])} MB. ` +
      `Raise memoryBudgetBytes, or choose a smaller dtype.`,
  },
  SHUTDOWN: {
    error: errors.ShutdownError,
    say: (model) => `The runtime is closing, so ${model} takes no more work.`,
  },
}

export function rejectionError(model: string, rejection: Rejection): LeaseholdError {
  const { error: ErrorOf, say } = RENDERERS[rejection.code]
  const { retryAfterMs, cause, waitedMs } = rejection
  return new ErrorOf(say(model, rejection), {
    model,
    waitedMs,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(cause !== undefined && { cause }),
  })
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function round({ waitedMs }: Rejection): number {
  return Math.round(waitedMs)
}

function megabytes(bytes: number | undefined): number {
  return Math.round((bytes ?? 0) / 1e6)
}

const REVOCATIONS: Record<Exclude<RevokeReason, 'shutdown'>, string> = {
  lost: 'its thread died',
  stuck: 'it did not stop when it was told to, and its thread was ended',
}

/** What the holder of a lease is told when it was taken away. */
export function revocationError(model: string, reason: RevokeReason, cause: unknown): LeaseholdError {
  const details = { model, ...(cause !== undefined && { cause }) }
  if (reason === 'shutdown') {
    return new errors.ShutdownError(
      `The runtime was closed before the work with ${model} had ended.`,
      details,
    )
  }
  const what = REVOCATIONS[reason]
  return new errors.LeaseRevokedError(
    `The lease on ${model} was revoked: ${what}. The next request loads it again.`,
    details,
  )
}
