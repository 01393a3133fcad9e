/**
 * One class per cause. Each has a stable `code`, the HTTP status it stands for, and a message that says what was waited
 * for, how long, and what to do. The classes are recognised across two copies of the package in one process and after a
 * crossing of a thread boundary (`error-wire.ts`), so `instanceof` can be relied on.
 */
export interface ErrorDetails {
  /** The model the call was about. */
  model?: string
  /** The field of the request or configuration that is wrong, as the caller wrote it: `input[3]`, `dimensions`. */
  field?: string
  /** How long the caller had waited when the error came. */
  waitedMs?: number
  /** When it is worth trying again, from measured rates; absent where trying again cannot help. */
  retryAfterMs?: number
  cause?: unknown
}

const MARK = Symbol.for('leasehold.error')

export class LeaseholdError extends Error {
  static readonly code: string = 'LEASEHOLD_ERROR'
  static readonly status: number = 500

  readonly code: string
  /** The HTTP status it stands for; a dialect may answer with another where its clients expect so. */
  readonly status: number
  // Declared, not defined: an error shows no `undefined` for what it does not know.
  declare readonly model?: string
  declare readonly field?: string
  declare readonly waitedMs?: number
  declare readonly retryAfterMs?: number

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    const { code, status } = new.target
    this.name = new.target.name
    this.code = code
    this.status = status
    if (details.model !== undefined) this.model = details.model
    if (details.field !== undefined) this.field = details.field
    if (details.waitedMs !== undefined) this.waitedMs = details.waitedMs
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
    Object.defineProperty(this, MARK, { value: true })
  }

  static override [Symbol.hasInstance](this: { code: string }, value: unknown): boolean {
    if (typeof value !== 'object' || value === null || !(MARK in value)) return false
    return this.code === LeaseholdError.code || ('code' in value && value.code === this.code)
  }
}

/** No model of that name is configured; the message gives the nearest names. */
export class ModelNotFoundError extends LeaseholdError {
  static override readonly code: string = 'MODEL_NOT_FOUND'
  static override readonly status: number = 404
}

/** Every lease of the slot is taken and the caller did not want to wait. */
export class ConcurrencyLimitError extends LeaseholdError {
  static override readonly code: string = 'CONCURRENCY_LIMIT'
  static override readonly status: number = 429
}

/** The slot's queue is full. */
export class QueueFullError extends LeaseholdError {
  static override readonly code: string = 'QUEUE_FULL'
  static override readonly status: number = 429
}

/** The work was refused because it would not be done in time, or because the process is short of memory or time. */
export class OverloadedError extends LeaseholdError {
  static override readonly code: string = 'OVERLOADED'
  static override readonly status: number = 429
}

/** The whole of acquiring (admission, queue, load) took longer than `accessTimeoutMs`. */
export class AccessTimeoutError extends LeaseholdError {
  static override readonly code: string = 'ACCESS_TIMEOUT'
  static override readonly status: number = 503
}

/** The load took longer than `loadingTimeoutMs`; it was aborted. */
export class LoadingTimeoutError extends LeaseholdError {
  static override readonly code: string = 'LOADING_TIMEOUT'
  static override readonly status: number = 503
}

/** The caller waited longer than `waitTimeoutMs` for a load that somebody else had started. The load goes on. */
export class WaitTimeoutError extends LeaseholdError {
  static override readonly code: string = 'WAIT_TIMEOUT'
  static override readonly status: number = 503
}

/** Somebody cancelled the load that the caller waited for. */
export class LoadCancelledError extends LeaseholdError {
  static override readonly code: string = 'LOAD_CANCELLED'
  static override readonly status: number = 503
}

/** The model and all its fallbacks failed to load, or a back-off after such a failure is in force. `cause` says why. */
export class ModelLoadError extends LeaseholdError {
  static override readonly code: string = 'MODEL_LOAD'
  static override readonly status: number = 503
}

/** The swap was given up: leases of the old model did not end within `drainTimeoutMs`. */
export class DrainTimeoutError extends LeaseholdError {
  static override readonly code: string = 'DRAIN_TIMEOUT'
  static override readonly status: number = 503
}

/** The runtime is closing or closed. */
export class ShutdownError extends LeaseholdError {
  static override readonly code: string = 'SHUTDOWN'
  static override readonly status: number = 503
}

/** The lease was taken away: its thread died, or a run was stuck past `useTimeoutMs`. */
export class LeaseRevokedError extends LeaseholdError {
  static override readonly code: string = 'LEASE_REVOKED'
  static override readonly status: number = 503

  /** Whether the engine had begun with the work. What was not begun can be done again without harm. */
  readonly wasStarted: boolean

  constructor(message: string, details: ErrorDetails & { wasStarted?: boolean } = {}) {
    super(message, details)
    this.wasStarted = details.wasStarted ?? true
  }
}

/** A lease was used after its release: a fault of the calling code. */
export class LeaseReleasedError extends LeaseholdError {
  static override readonly code: string = 'LEASE_RELEASED'
}

/** The caller's own deadline passed; the work was not done. */
export class DeadlineExceededError extends LeaseholdError {
  static override readonly code: string = 'DEADLINE_EXCEEDED'
  static override readonly status: number = 504
}

/** The model cannot fit into the memory budget. */
export class MemoryBudgetError extends LeaseholdError {
  static override readonly code: string = 'MEMORY_BUDGET'
  static override readonly status: number = 503
}

/** A text has more tokens, or a body more bytes, than may be. */
export class InputTooLongError extends LeaseholdError {
  static override readonly code: string = 'INPUT_TOO_LONG'
  static override readonly status: number = 400
}

/** The request is wrong; `field` says where. */
export class InvalidInputError extends LeaseholdError {
  static override readonly code: string = 'INVALID_INPUT'
  static override readonly status: number = 400
}

/** The model failed on this input. */
export class InferenceError extends LeaseholdError {
  static override readonly code: string = 'INFERENCE'
}

/** A lock was not had within its timeout. */
export class LockTimeoutError extends LeaseholdError {
  static override readonly code: string = 'LOCK_TIMEOUT'
  static override readonly status: number = 503
}

/** A synchronous write met somebody's asynchronous lock. */
export class SessionLockedError extends LeaseholdError {
  static override readonly code: string = 'SESSION_LOCKED'
  static override readonly status: number = 503
}

/** The session changed, or was destroyed, since it was read. */
export class SessionConflictError extends LeaseholdError {
  static override readonly code: string = 'SESSION_CONFLICT'
  static override readonly status: number = 409
}

/** What keeps the sessions failed or cannot be reached. Nothing was written. */
export class SessionStoreError extends LeaseholdError {
  static override readonly code: string = 'SESSION_STORE'
  static override readonly status: number = 503
}

/** The connection was lost while a write was on its way and did not come back in time: it may have been made or not. */
export class SessionOutcomeUnknownError extends LeaseholdError {
  static override readonly code: string = 'SESSION_OUTCOME_UNKNOWN'
  static override readonly status: number = 503
}

/** The container or registry cannot build what was asked for; the message shows the path. */
export class ResolutionError extends LeaseholdError {
  static override readonly code: string = 'RESOLUTION'
}

/** The configuration is wrong or contradicts itself; the message names the fields. */
export class ConfigError extends LeaseholdError {
  static override readonly code: string = 'CONFIG'
}
