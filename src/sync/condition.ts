import { LockTimeoutError } from '../kernel/errors.ts'
import type { Gate } from './gate.ts'
import type { Hold } from './hold.ts'
import { LockContext } from './lock-context.ts'
import { refuse, type LockOptions, type WaitOptions } from './options.ts'
import { WaitLine } from './wait-line.ts'

const FOR_EVER: WaitOptions = { timeoutMs: Infinity }

interface Sleeper {
  readonly hold: Hold
  /** Set by the notification: the way back into the mutex has begun. */
  returning?: Hold | Promise<Hold>
}

/**
 * Lets the holder of a mutex wait until another holder says that something has changed. Made by `mutex.condition()`.
 *
 * ```ts
 * const filled = mutex.condition('filled')
 * // one side                                             // the other
 * using hold = await mutex.acquire()                      using hold = await mutex.acquire()
 * await filled.waitFor(hold, () => queue.length > 0)      queue.push(item)
 * take(queue.shift())                                     filled.notify()
 * ```
 */
export class Condition {
  readonly #mutex: Gate<Hold>
  readonly #context: LockContext
  readonly #line: WaitLine<Sleeper>

  /** @param mutex The gate of the mutex whose holders wait. */
  constructor(mutex: Gate<Hold>, options: LockOptions) {
    this.#mutex = mutex
    this.#context = new LockContext('condition', options, 'Nobody notified it.')
    this.#line = new WaitLine(this.#context)
  }

  get waiting(): number {
    return this.#context.waiting
  }

  /**
   * Gives the mutex up, waits for a notification, and has the mutex again when it settles, whichever way: `hold` stays
   * good. Rejects with `LockTimeoutError` or the signal's reason; the way back into the mutex is not limited in time. A
   * hold that is released meanwhile gives the mutex up as soon as it comes back. Throws if `hold` does not hold the mutex.
   */
  async wait(hold: Hold, options?: WaitOptions): Promise<void> {
    this.#checkHeld(hold)
    const refusal = refuse(options)
    if (refusal !== undefined) return refusal
    const sleeper: Sleeper = { hold }
    const notified = this.#line.wait(sleeper, options)
    this.#mutex.leave(hold)
    try {
      await notified
    } finally {
      await (sleeper.returning ?? this.#mutex.enter(hold, FOR_EVER))
      if (hold.isReleased) this.#mutex.leave(hold)
    }
  }

  /** Waits, as often as it takes, until `isMet()` answers true, which is asked while the mutex is held. */
  async waitFor(hold: Hold, isMet: () => boolean, options?: WaitOptions): Promise<void> {
    this.#checkHeld(hold)
    const refusal = refuse(options)
    if (refusal !== undefined) return refusal
    const { clock } = this.#context
    const timeoutMs = options?.timeoutMs ?? this.#context.timeoutMs
    const startedAtMs = clock.nowMs()
    while (!isMet()) {
      const leftMs = Math.max(0, startedAtMs + timeoutMs - clock.nowMs())
      try {
        await this.wait(hold, { ...options, timeoutMs: leftMs })
      } catch (error) {
        const isTimeout = error instanceof LockTimeoutError
        throw isTimeout ? this.#context.timeoutError(clock.nowMs() - startedAtMs, this.waiting) : error
      }
    }
  }

  /**
   * Wakes those that have waited longest. They stand in the mutex's line from this moment on, before anybody who comes
   * later. Answers how many were woken.
   */
  notify(count = 1): number {
    let woken = 0
    while (woken < count) {
      const sleeper = this.#line.serve()
      if (sleeper === undefined) break
      sleeper.returning = this.#mutex.enter(sleeper.hold, FOR_EVER)
      // The notification of one that has gone goes to the next.
      if (!sleeper.hold.isReleased) woken++
    }
    return woken
  }

  notifyAll(): number {
    return this.notify(Infinity)
  }

  #checkHeld(hold: Hold): void {
    if (this.#mutex.holder !== hold || hold.isReleased)
      throw new Error(`Only who holds its mutex can wait for the ${this.#context.what}; this hold does not.`)
  }
}
