import type { RuntimeLimits, SlotLimits } from './limits.ts'
import type { ModelSpec } from './variant.ts'

/** Taken by hand, or by a service for one call: counted apart. */
export type LeaseKind = 'lease' | 'use'
/** A ticket of kind `load` wants the model loaded and takes no lease. */
export type TicketKind = LeaseKind | 'load'

/** What happens to the scheduler. Every event comes with the monotonic time (`Scheduler.handle(nowMs, event)`). */
export type Event =
  | AcquireEvent
  /** The caller has left: its signal aborted or its connection is gone. */
  | { type: 'abort'; ticket: number }
  | { type: 'release'; lease: number }
  | { type: 'load-progress'; generation: number; fraction: number }
  | { type: 'load-ended'; generation: number; memoryBytes: number }
  | { type: 'load-failed'; generation: number; error: unknown }
  | { type: 'run-started'; generation: number; run: number }
  | { type: 'run-ended'; generation: number; run: number }
  /** A resident died and nobody had asked for it. */
  | { type: 'lost'; generation: number; error: unknown }
  | { type: 'unload-ended'; generation: number }
  /** Nothing but time. */
  | { type: 'tick' }
  | { type: 'configure'; slot: string; limits: Partial<SlotLimits> }
  | { type: 'configure-runtime'; limits: Partial<RuntimeLimits> }
  | { type: 'pin'; model: string; pinned: boolean }
  /** Replaces what a model name stands for, without a failed request. Ends the ticket with `ready` or a rejection. */
  | { type: 'swap'; ticket: number; model: string; spec: ModelSpec }
  | { type: 'unload'; model: string }
  | { type: 'cancel-loading'; model: string }
  /** Lag of the event loop or memory of the process is over its limit (`shed`), or far over it (`reject`). */
  | { type: 'pressure'; level: Pressure }
  | { type: 'close'; graceMs: number }

export interface AcquireEvent {
  type: 'acquire'
  ticket: number
  kind: TicketKind
  model: string
  /** An explicit dtype or device, in the words of the model's spec; undefined: what is configured. */
  selector?: string | undefined
  priority?: number | undefined
  tenant?: string | undefined
  /** The caller's own deadline, from now. */
  deadlineMs?: number | undefined
  keepAliveMs?: number | undefined
  whenFull?: 'wait' | 'reject' | undefined
}

export type Pressure = 'none' | 'shed' | 'reject'
