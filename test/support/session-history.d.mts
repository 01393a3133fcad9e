import type { Call } from './linearizable.ts'
import type { SessionCall } from './session-model.ts'

export interface HistoryOptions {
  readonly seed: number
  readonly callers: number
  /** Of each caller. */
  readonly calls: number
  /** Asked when a call has ended: the version that the last commit came to. A hint for whoever checks the history. */
  readonly lastVersion?: () => number | undefined
}

/** Calls on the keys `a` and `b` made at random by several callers at once, with the times at which they began and ended. */
export function recordHistory(session: object, options: HistoryOptions): Promise<Call<SessionCall, unknown>[]>

/** Numbers from 0 to 1 that follow from a seed. */
export function randomNumbers(seed: number): () => number
