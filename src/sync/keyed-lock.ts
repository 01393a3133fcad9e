import { Gate } from './gate.ts'
import { Hold, runHolding, toPromise, type Entry } from './hold.ts'
import { LockContext } from './lock-context.ts'
import { refuse, type LockOptions, type LockStats, type WaitOptions } from './options.ts'

/**
 * A mutex for each key. A key costs memory only while it is held: millions of keys that are free cost nothing.
 *
 * ```ts
 * const users = new KeyedLock<string>({ name: 'users' })
 * await users.run(userId, () => save(userId), { timeoutMs: 1_000 })
 * ```
 */
export class KeyedLock<K> {
  readonly #context: LockContext
  /** Gates that somebody holds. Whoever waits does so at the gate of a holder. */
  readonly #gates = new Map<K, Gate<Hold>>()

  constructor(options: LockOptions = {}) {
    this.#context = new LockContext('keyed lock', options)
  }

  /** How many keys are held. */
  get held(): number {
    return this.#gates.size
  }

  /** Callers that wait, over all keys. */
  get waiting(): number {
    return this.#context.waiting
  }

  isHeld(key: K): boolean {
    return this.#gates.has(key)
  }

  stats(): LockStats {
    return this.#context.stats(this.#gates.size)
  }

  /** The hold if the key is free, undefined otherwise. Makes no promise. */
  tryAcquire(key: K): Hold | undefined {
    if (this.#gates.has(key)) return undefined
    const gate = new Gate<Hold>(this.#context, key)
    this.#gates.set(key, gate)
    return gate.take(this.#newHold(key, gate))
  }

  /** Rejects with `LockTimeoutError`, with the signal's reason, or with a `RangeError` for a timeout that is none. */
  acquire(key: K, options?: WaitOptions): Promise<Hold> {
    return toPromise(this.#enter(key, options))
  }

  /** Acquires, calls, releases, whatever happens. */
  run<R>(key: K, fn: () => R | Promise<R>, options?: WaitOptions): Promise<R> {
    return runHolding(this.#enter(key, options), fn)
  }

  #enter(key: K, options: WaitOptions | undefined): Entry<Hold> {
    const refusal = refuse(options)
    if (refusal !== undefined) return refusal
    const gate = this.#gates.get(key)
    if (gate !== undefined) return gate.enter(this.#newHold(key, gate), options)
    return this.tryAcquire(key) as Hold
  }

  #newHold(key: K, gate: Gate<Hold>): Hold {
    return new Hold((hold) => {
      gate.leave(hold)
      if (gate.holder === undefined) this.#gates.delete(key)
    })
  }
}
