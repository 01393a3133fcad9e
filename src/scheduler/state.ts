import type { UnloadReason } from '../kernel/runtime-events.ts'
import { Deadlines, type Deadline } from './deadlines.ts'
import type { Effect, SwapMode } from './effects.ts'
import type { LeaseKind, Pressure, TicketKind } from './events.ts'
import type { RuntimeLimits, SlotLimits } from './limits.ts'
import type { ModelSpec, Variant } from './variant.ts'
import type { Waiter, WaitQueue } from '../kernel/wait-queue.ts'

/** One configured model. */
export interface ModelState {
  readonly name: string
  readonly slot: Slot
  /** Models of one group load together. */
  readonly group: string | undefined
  readonly defaultKeepAliveMs: number
  /** It is loaded again by itself after a failure or a loss. */
  readonly isPreloaded: boolean
  spec: ModelSpec
  isPinned: boolean
  /** By selector; the demand without a selector is under `undefined`. */
  readonly demands: Map<string | undefined, Demand>
  /** When a preloaded model is tried again. */
  readonly retry: Deadline
  lastAccessAtMs: number | undefined
  lastError: unknown
  lastUnloadReason: UnloadReason | undefined
}

/** Those who wait for the same variants of one model. */
export interface Demand {
  readonly model: ModelState
  readonly selector: string | undefined
  readonly queues: Readonly<Record<TicketKind, WaitQueue<Ticket>>>
}

/** A caller that waits. It ends exactly once: granted, ready, rejected or withdrawn. */
export interface Ticket extends Waiter {
  readonly id: number
  readonly kind: TicketKind
  readonly demand: Demand
  /** The end of the whole of acquiring. */
  readonly accessAtMs: number
  /** The caller's own; `Infinity` without one. */
  readonly deadlineAtMs: number
  /** The end of its patience with a load that somebody else began; `Infinity` where there is none. */
  waitAtMs: number
  readonly keepAliveMs: number | undefined
  /** Set for a swap: what the model shall stand for. */
  readonly spec: ModelSpec | undefined
  readonly deadline: Deadline
}

export interface Lease {
  readonly id: number
  readonly kind: LeaseKind
  readonly resident: Resident
  readonly grantedAtMs: number
  readonly keepAliveMs: number | undefined
  /** Warns of a lease that is held for long without a run. */
  readonly deadline: Deadline | undefined
}

/**
 * What becomes of a resident:
 *
 *   ready ──retire──▶ draining ──last lease and run ended──▶ disposing ──▶ (gone)
 *     └───── lost, stuck, shutdown ─────▶ killing ───────────────────────▶ (gone)
 */
export type ResidentPhase = 'ready' | 'draining' | 'disposing' | 'killing'

/** A loaded model. */
export interface Resident {
  readonly generation: number
  readonly slot: Slot
  /** For whom it was loaded. */
  readonly demand: Demand
  readonly variant: Variant
  readonly isFallback: boolean
  readonly bytes: number
  readonly readyAtMs: number
  phase: ResidentPhase
  /** Why it goes; set when it leaves `ready`. */
  reason: UnloadReason | undefined
  readonly leases: { lease: number; use: number }
  /** How often it was granted. */
  useCount: number
  lastUsedAtMs: number
  keepAliveMs: number
  /** Runs inside the engine. */
  readonly runs: Map<number, { readonly deadline: Deadline; wasStopped: boolean }>
  /** Idle while it is ready; the limit of its closing afterwards. */
  readonly idle: Deadline
  readonly end: Deadline
}

/** A load that is planned or on its way: what comes into the slot. */
export interface Incoming {
  readonly demand: Demand
  readonly candidates: readonly Variant[]
  /** An overlap for which there is no room after all becomes a drain. */
  mode: 'fill' | SwapMode
  /** A load that nobody waits for goes on only when it was not made for waiters. */
  readonly origin: 'tickets' | 'group' | 'restore' | 'retry'
  readonly swap: Ticket | undefined
  /** An explicit load ignores back-off. */
  readonly ignoresBackOff: boolean
  readonly plannedAtMs: number
  /** What to load again when a drained swap fails. */
  displaced: Demand | undefined
  index: number
  phase: IncomingPhase
  failures: { variant: Variant; error: unknown; timedOut: boolean }[]
  readonly deadline: Deadline
}

export type IncomingPhase =
  /** Waits for what `blockedBy` says. */
  | { type: 'queued'; blockedBy: Blocker; nextDrainAtMs: number }
  | { type: 'loading'; generation: number; startedAtMs: number; progress: number; bytes: number }

export type Blocker = 'nothing' | 'unload' | 'leases' | 'memory' | 'parallel'

/** A load that was aborted and has not ended yet. Its memory counts. */
export interface Aborting {
  readonly generation: number
  readonly model: string
  readonly bytes: number
  readonly deadline: Deadline
}

/** The door of a slot: closed, its resident is given to nobody new until what waits has had its turn. */
export interface Drain {
  /** Whose load waits for it: the slot itself, or one that needs the memory. */
  readonly beneficiary: Slot
  readonly sinceMs: number
}

export interface Slot {
  readonly name: string
  readonly limits: SlotLimits
  readonly models: ModelState[]
  current: Resident | undefined
  incoming: Incoming | undefined
  readonly retiring: Set<Resident>
  readonly aborting: Map<number, Aborting>
  /** A swap that was asked for and has not begun. */
  pendingSwap: Ticket | undefined
  drain: Drain | undefined
  readonly drainDeadline: Deadline
  /** When the slot has to be looked at again, because a bound on residency or waiting is reached. */
  readonly plan: Deadline
  waiting: number
  readonly pace: Pace
}

/** How fast a slot serves, by the last leases of each kind. */
export interface Pace {
  readonly holdMs: { lease: number; use: number }
  readonly measured: { lease: number; use: number }
  /** Of the last load that succeeded. */
  loadMs: number | undefined
}

/** What is known of a key that failed to load, or was lost. */
export interface BackOff {
  readonly failures: number
  readonly losses: number
  readonly nextRetryAtMs: number
  readonly error: unknown
}

export interface State {
  nowMs: number
  readonly limits: RuntimeLimits
  readonly weightOf: (tenant: string) => number
  readonly slots: Map<string, Slot>
  readonly models: Map<string, ModelState>
  readonly tickets: Map<number, Ticket>
  readonly leases: Map<number, Lease>
  readonly residents: Map<number, Resident>
  readonly deadlines: Deadlines
  /** Slots with a planned load, in the order in which they were planned. */
  readonly queued: Set<Slot>
  readonly backOff: Map<string, BackOff>
  /** What a variant took when it was last loaded. */
  readonly measuredBytes: Map<string, number>
  pressure: Pressure
  closing: { phase: 'grace' | 'aborting' | 'closed'; readonly deadline: Deadline } | undefined
  nextGeneration: number
  nextLease: number
  /** Slots that have to be settled before the event is done. */
  readonly dirty: Set<Slot>
  /** What the present event has led to so far. */
  effects: Effect[]
}

export function createState(limits: RuntimeLimits, weightOf: (tenant: string) => number): State {
  return {
    nowMs: 0,
    limits: { ...limits },
    weightOf,
    slots: new Map(),
    models: new Map(),
    tickets: new Map(),
    leases: new Map(),
    residents: new Map(),
    deadlines: new Deadlines(),
    queued: new Set(),
    backOff: new Map(),
    measuredBytes: new Map(),
    pressure: 'none',
    closing: undefined,
    nextGeneration: 1,
    nextLease: 1,
    dirty: new Set(),
    effects: [],
  }
}
