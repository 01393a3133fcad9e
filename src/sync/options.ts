import type { Clock } from '../kernel/clock.ts'

/** How one caller waits. */
export interface WaitOptions {
  /**
   * From now, in milliseconds. When it has passed, the wait ends with a `LockTimeoutError`; 0 does not wait at all,
   * `Infinity` waits for ever. @default the lock's own `timeoutMs`
   */
  timeoutMs?: number | undefined
  /** Ends the wait with the signal's reason. What was had before the abort stays held. */
  signal?: AbortSignal | undefined
}

/** What every lock can be given when it is made. */
export interface LockOptions {
  /** For messages: `mutex "accounts"`. */
  name?: string | undefined
  /** For waits that name no timeout of their own, in milliseconds. @default Infinity */
  timeoutMs?: number | undefined
  /** @default systemClock */
  clock?: Clock | undefined
}

/** What a lock does at this moment and has done so far. */
export interface LockStats {
  /** Holds that are out now. */
  held: number
  /** Callers that wait now. */
  waiting: number
  /** Holds ever given, nested ones included. */
  acquired: number
  /** Waits that ended because their timeout passed. */
  timedOut: number
  /** Waits that ended because their signal aborted. */
  aborted: number
}

/** Throws a `RangeError` for what is no timeout. */
export function checkTimeout(timeoutMs: number): number {
  if (typeof timeoutMs === 'number' && timeoutMs >= 0) return timeoutMs
  throw new RangeError(`timeoutMs must be a number of milliseconds, 0 or more, got ${String(timeoutMs)}`)
}

/**
 * What ends a wait before it begins, be the lock free or not: the rejection for a timeout that is none (`RangeError`) or
 * for a signal that has aborted (its reason).
 */
export function refuse(options: WaitOptions | undefined): Promise<never> | undefined {
  if (options === undefined) return undefined
  try {
    if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs)
    options.signal?.throwIfAborted()
    return undefined
  } catch (error) {
    return Promise.reject(error)
  }
}
