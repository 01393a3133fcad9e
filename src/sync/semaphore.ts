import { Hold, runHolding, toPromise, type Entry } from './hold.ts'
import { LockContext } from './lock-context.ts'
import { refuse, type LockOptions, type LockStats, type WaitOptions } from './options.ts'
import { WaitLine } from './wait-line.ts'

/**
 * At most `permits` holds at a time. A permit that is released goes to whoever has waited longest, before anybody else
 * can ask for it.
 *
 * ```ts
 * const downloads = new Semaphore(4, { name: 'downloads', timeoutMs: 30_000 })
 * await downloads.run(() => fetch(url), { signal })
 * ```
 */
export class Semaphore {
  readonly #context: LockContext
  readonly #line: WaitLine<Hold>
  readonly #giveBack = (): void => {
    this.#held--
    this.#admit()
  }
  #permits: number
  #held = 0

  /** Throws a `RangeError` unless `permits` is a whole number, 0 or more. */
  constructor(permits: number, options: LockOptions = {}) {
    this.#permits = checkPermits(permits)
    this.#context = new LockContext('semaphore', options)
    this.#line = new WaitLine(this.#context)
  }

  get permits(): number {
    return this.#permits
  }

  /** Holds that are out. After `resize()` to fewer permits it can be more than `permits`. */
  get held(): number {
    return this.#held
  }

  get waiting(): number {
    return this.#context.waiting
  }

  stats(): LockStats {
    return this.#context.stats(this.#held)
  }

  /** A hold if one can be had at once, undefined otherwise. Never passes by those who wait. */
  tryAcquire(): Hold | undefined {
    if (this.#held >= this.#permits) return undefined
    this.#held++
    this.#context.acquired++
    return new Hold(this.#giveBack)
  }

  /** Rejects with `LockTimeoutError`, with the signal's reason, or with a `RangeError` for a timeout that is none. */
  acquire(options?: WaitOptions): Promise<Hold> {
    return toPromise(this.#enter(options))
  }

  /** Acquires, calls, releases, whatever happens. */
  run<R>(fn: () => R | Promise<R>, options?: WaitOptions): Promise<R> {
    return runHolding(this.#enter(options), fn)
  }

  /** More permits let those who wait in at once. Fewer take none away: holds end before new ones are given. */
  resize(permits: number): void {
    this.#permits = checkPermits(permits)
    this.#admit()
  }

  #enter(options: WaitOptions | undefined): Entry<Hold> {
    return refuse(options) ?? this.tryAcquire() ?? this.#line.wait(new Hold(this.#giveBack), options)
  }

  #admit(): void {
    while (this.#held < this.#permits && this.#line.serve() !== undefined) this.#held++
  }
}

function checkPermits(permits: number): number {
  if (Number.isSafeInteger(permits) && permits >= 0) return permits
  throw new RangeError(`permits must be a whole number, 0 or more, got ${String(permits)}`)
}
