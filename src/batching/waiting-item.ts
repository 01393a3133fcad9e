import type { Waiter } from '../kernel/wait-queue.ts'

/**
 * A text, a pair or a sentence that waits for a run, as the decisions see it. Times are on the clock of whoever fills the
 * queue; nothing here reads one.
 */
export interface WaitingItem extends Waiter {
  /** Tokens that a run of it takes, special tokens counted. */
  readonly tokens: number
  /** 0 is highest. */
  readonly priority: number
  /** Whose share of the tokens it is taken from. */
  readonly tenant: string
  readonly arrivedAtMs: number
  /** What has not begun by then is never computed; `Infinity` where there is no deadline. */
  readonly deadlineAtMs: number
}

/** One level of priority is worth this much waiting: an item of a lower one is overtaken for a bounded time only. */
export const LEVEL_MS = 5_000
