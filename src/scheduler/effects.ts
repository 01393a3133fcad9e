import type { UnloadReason } from '../kernel/runtime-events.ts'
import type { Variant } from './variant.ts'

/** What the scheduler wants done. Each names what it is about by number; the manager holds the objects behind the numbers. */
export type Effect =
  /** The ticket's caller gets a lease on the generation. */
  | { type: 'grant'; ticket: number; lease: number; generation: number; loadMs: number }
  /** What the ticket asked for (a load, a swap) is there. */
  | { type: 'ready'; ticket: number; generation: number }
  | { type: 'reject'; ticket: number; rejection: Rejection }
  /** The lease has ended without its holder: tell it. */
  | { type: 'revoke'; lease: number; reason: RevokeReason; cause: unknown }
  | { type: 'start-load'; generation: number; model: string; variant: Variant; isFallback: boolean }
  /** Answered by `load-failed`, or by `load-ended` when it came too late. */
  | { type: 'abort-load'; generation: number }
  /** No lease and no run is left: close it. Answered by `unload-ended`. */
  | { type: 'dispose'; generation: number }
  | { type: 'stop-run'; generation: number; run: number }
  /** End the thread whatever it does. Answered by `unload-ended`. */
  | { type: 'kill'; generation: number; model: string; reason: RevokeReason; cause: unknown }
  /** The generation is out of the books, and so is its memory. What still arrives from it is given back. */
  | { type: 'gone'; generation: number; model: string; label: string; reason: UnloadReason }
  /** For whoever listens. */
  | {
      type: 'loaded'
      generation: number
      model: string
      label: string
      durationMs: number
      memoryBytes: number
      isFallback: boolean
    }
  | {
      type: 'load-failed'
      generation: number
      model: string
      label: string
      durationMs: number
      wasAborted: boolean
      error: unknown
    }
  | { type: 'swap'; slot: string; from: string; to: string; mode: SwapMode; outcome: SwapOutcome }
  | { type: 'warn'; model: string; code: WarningCode; detail: string }
  /** After `close`: nothing is left. */
  | { type: 'closed' }

export type SwapMode = 'overlap' | 'drain'
export type SwapOutcome = 'started' | 'ended' | 'given-up'
export type RevokeReason = 'lost' | 'stuck' | 'shutdown'
export type WarningCode =
  'timeout' | 'fallback' | 'back-off' | 'abandoned' | 'stuck-run' | 'long-lease' | 'over-budget'

/** Why a ticket ends without a lease. The manager makes the error of it (`manager/rejection-error.ts`). */
export interface Rejection {
  code: RejectionCode
  waitedMs: number
  /** What it waited for at the end. */
  waitingFor: WaitingFor
  retryAfterMs?: number
  cause?: unknown
  /** What the decision compared: leases held, the limit, bytes, the expected wait. For the message. */
  numbers?: Readonly<Record<string, number>>
}

export type RejectionCode =
  | 'CONCURRENCY_LIMIT'
  | 'QUEUE_FULL'
  | 'OVERLOADED'
  | 'ACCESS_TIMEOUT'
  | 'WAIT_TIMEOUT'
  | 'DEADLINE_EXCEEDED'
  | 'LOADING_TIMEOUT'
  | 'LOAD_CANCELLED'
  | 'MODEL_LOAD'
  | 'DRAIN_TIMEOUT'
  | 'MEMORY_BUDGET'
  | 'SHUTDOWN'

export type WaitingFor =
  'nothing' | 'a free place' | 'the load' | 'memory' | 'another load' | 'an unload' | 'leases to end'
