/**
 * What a slot allows. All of it can change while requests wait; a change never revokes a lease, and who waits already keeps
 * the deadlines it came with. Times in milliseconds.
 */
export interface SlotLimits {
  /** Leases taken by hand at once, for each resident. */
  maxConcurrent: number
  /** Uses through the services at once, for each resident; batches bound what they cost. */
  maxConcurrentUses: number
  /** Tickets that may wait. */
  maxQueue: number
  /** The whole of acquiring. */
  accessTimeoutMs: number
  /** One load of one candidate. */
  loadingTimeoutMs: number
  /** For a load that somebody else began. `Infinity`: what is left of the access timeout. */
  waitTimeoutMs: number
  /** One run of the engine. `Infinity`: off. */
  useTimeoutMs: number
  /** How long a closed door waits for the leases behind it. */
  drainTimeoutMs: number
  /** A resident stays at least so long before another key may displace it. */
  minResidencyMs: number
  /** A ticket of another key waits at most so long before the door closes; also the step of ageing. */
  maxSwapWaitMs: number
}

export interface RuntimeLimits {
  /** For all residents, loads and threads that have not ended. `Infinity`: no bound. */
  memoryBudgetBytes: number
  maxParallelLoads: number
}

export const DEFAULT_SLOT_LIMITS: SlotLimits = {
  maxConcurrent: 10,
  maxConcurrentUses: 512,
  maxQueue: 512,
  accessTimeoutMs: 30_000,
  loadingTimeoutMs: 300_000,
  waitTimeoutMs: Infinity,
  useTimeoutMs: Infinity,
  drainTimeoutMs: 30_000,
  minResidencyMs: 1_000,
  maxSwapWaitMs: 5_000,
}

export const DEFAULT_RUNTIME_LIMITS: RuntimeLimits = { memoryBudgetBytes: Infinity, maxParallelLoads: 2 }

/** Waiting callers are ordered by levels 0 (first) to `LOWEST_PRIORITY`; what lies outside is moved to the nearer end. */
export const LOWEST_PRIORITY = 9
export const DEFAULT_PRIORITY = 1

/** How long an aborted load, a run that was told to stop, or a killed thread may take to end before it is given up. */
export const STOP_GRACE_MS = 2_000
/** How long a resident without leases and runs may take to close before its thread is killed. */
export const DISPOSE_TIMEOUT_MS = 10_000

export const BACK_OFF_FIRST_MS = 10_000
export const BACK_OFF_LONGEST_MS = 300_000
/** A resident that lived so long before it was lost is not taken for one that crashes again and again. */
export const STABLE_LIFE_MS = 60_000
