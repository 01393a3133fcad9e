import { Condition } from './condition.ts'
import { Gate } from './gate.ts'
import { Hold, runHolding, toPromise, type Entry } from './hold.ts'
import { LockContext } from './lock-context.ts'
import { refuse, type LockOptions, type LockStats, type WaitOptions } from './options.ts'

/**
 * One hold at a time, handed from one to the next in the order in which they came. Not reentrant: whoever holds it and
 * acquires it again waits for itself (`ReentrantLock` is for that).
 *
 * ```ts
 * const accounts = new Mutex({ name: 'accounts', timeoutMs: 5_000 })
 * using hold = await accounts.acquire({ signal })
 * ```
 */
export class Mutex {
  readonly #context: LockContext
  readonly #gate: Gate<Hold>
  readonly #giveBack = (hold: Hold): void => this.#gate.leave(hold)

  constructor(options: LockOptions = {}) {
    this.#context = new LockContext('mutex', options)
    this.#gate = new Gate(this.#context)
  }

  get isHeld(): boolean {
    return this.#gate.holder !== undefined
  }

  get waiting(): number {
    return this.#context.waiting
  }

  stats(): LockStats {
    return this.#context.stats(this.isHeld ? 1 : 0)
  }

  /** The hold if it can be had at once, undefined otherwise. Makes no promise. */
  tryAcquire(): Hold | undefined {
    return this.isHeld ? undefined : this.#gate.take(new Hold(this.#giveBack))
  }

  /** Rejects with `LockTimeoutError`, with the signal's reason, or with a `RangeError` for a timeout that is none. */
  acquire(options?: WaitOptions): Promise<Hold> {
    return toPromise(this.#enter(options))
  }

  /** Acquires, calls, releases, whatever happens. */
  run<R>(fn: (hold: Hold) => R | Promise<R>, options?: WaitOptions): Promise<R> {
    return runHolding(this.#enter(options), fn)
  }

  /** A condition that holders of this mutex can wait for. */
  condition(name?: string): Condition {
    return new Condition(this.#gate, { name, timeoutMs: this.#context.timeoutMs, clock: this.#context.clock })
  }

  #enter(options: WaitOptions | undefined): Entry<Hold> {
    return refuse(options) ?? this.#gate.enter(new Hold(this.#giveBack), options)
  }
}
