import { inspect } from 'node:util'
import { systemClock, type Clock } from '../kernel/clock.ts'
import { LockTimeoutError } from '../kernel/errors.ts'
import { checkTimeout, type LockOptions, type LockStats } from './options.ts'

/** What all parts of one lock share: what it is called, its clock, its default timeout, its counters. */
export class LockContext {
  /** What messages call it: `mutex "accounts"`. */
  readonly what: string
  readonly clock: Clock
  readonly timeoutMs: number
  waiting = 0
  acquired = 0
  timedOut = 0
  aborted = 0

  readonly #advice: string

  /** @param advice What the error of a timeout says last. */
  constructor(
    kind: string,
    options: LockOptions,
    advice = 'Hold it for less time, or wait with a longer timeoutMs.',
  ) {
    this.#advice = advice
    this.what = options.name === undefined ? kind : `${kind} "${options.name}"`
    this.clock = options.clock ?? systemClock
    this.timeoutMs = checkTimeout(options.timeoutMs ?? Infinity)
  }

  stats(held: number): LockStats {
    const { waiting, acquired, timedOut, aborted } = this
    return { held, waiting, acquired, timedOut, aborted }
  }

  /** @param others How many still wait. */
  timeoutError(waitedMs: number, others: number, key?: unknown): LockTimeoutError {
    const which = key === undefined ? this.what : `${this.what}, key ${inspect(key)},`
    const queue = others === 0 ? '' : ` ${others} more wait for it.`
    return new LockTimeoutError(
      `Waited ${Math.round(waitedMs)} ms for the ${which} and did not get it.${queue} ${this.#advice}`,
      { waitedMs },
    )
  }
}
