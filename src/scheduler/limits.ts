/** What a slot allows is in `config/limits.ts`: the scheduler takes it whole, `Infinity` for what is off. */
export type { SlotLimits } from '../config/limits.ts'

export interface RuntimeLimits {
  /** For all residents, loads and threads that have not ended. `Infinity`: no bound. */
  memoryBudgetBytes: number
  maxParallelLoads: number
}

/** How long an aborted load, a run that was told to stop, or a killed thread may take to end before it is given up. */
export const STOP_GRACE_MS = 2_000
/** How long a resident without leases and runs may take to close before its thread is killed. */
export const DISPOSE_TIMEOUT_MS = 10_000

export const BACK_OFF_FIRST_MS = 10_000
export const BACK_OFF_LONGEST_MS = 300_000
/** A resident that lived so long before it was lost is not taken for one that crashes again and again. */
export const STABLE_LIFE_MS = 60_000
