import { ambientHold, runInside } from './ambient.ts'
import { Gate } from './gate.ts'
import { runHolding, toPromise, type Entry } from './hold.ts'
import { LockContext } from './lock-context.ts'
import { refuse, type LockOptions, type LockStats, type WaitOptions } from './options.ts'
import { ReentrantHold, type HoldTree } from './reentrant-hold.ts'

/**
 * A mutex that whoever is inside can enter again. There are two ways to say that one is inside:
 *
 * - by handing the hold on (`withHold`, `acquire`): what is acquired from a hold is inside of it. Costs nothing more;
 * - by being called from within `run`, at any depth and across awaits. This takes an AsyncLocalStorage, which on Node 20
 *   makes every await of the process slower from its first use on, so a program that never calls `run` never pays.
 *
 * Either way the holds form a tree, in which siblings exclude each other. A task that was started inside a section and
 * outlives it is inside no longer: it waits like everybody else.
 *
 * ```ts
 * const cart = new ReentrantLock({ name: 'cart' })
 * await cart.run(() => addItem())                                        // addItem() may call cart.run() itself
 * await cart.withHold((hold) => hold.withHold(() => addItem()))          // the same, the hold handed on
 * ```
 */
export class ReentrantLock {
  readonly #tree: HoldTree
  readonly #root: Gate<ReentrantHold>

  constructor(options: LockOptions = {}) {
    this.#tree = { context: new LockContext('reentrant lock', options), leaks: 0 }
    this.#root = new Gate(this.#tree.context)
  }

  get isHeld(): boolean {
    return this.#root.holder !== undefined
  }

  /** Whether the caller is inside a section of `run` that has not ended. */
  get isInside(): boolean {
    return this.#outer() !== undefined
  }

  /** Callers that wait, at the lock itself or inside one of its holds. */
  get waiting(): number {
    return this.#tree.context.waiting
  }

  /** How often a hold was released before the holds below it: somebody did not await what was started inside. */
  get leaks(): number {
    return this.#tree.leaks
  }

  stats(): LockStats {
    return this.#tree.context.stats(this.isHeld ? 1 : 0)
  }

  /** The hold if it can be had at once, undefined otherwise. Makes no promise. */
  tryAcquire(): ReentrantHold | undefined {
    const outer = this.#outer()
    if (outer !== undefined) return outer.tryAcquire()
    return this.isHeld ? undefined : this.#root.take(new ReentrantHold(this.#tree, this.#root))
  }

  /** Rejects with `LockTimeoutError`, with the signal's reason, or with a `RangeError` for a timeout that is none. */
  acquire(options?: WaitOptions): Promise<ReentrantHold> {
    return toPromise(this.#enter(options))
  }

  /** Acquires, calls, releases, whatever happens. `fn` enters again through the hold that it is given. */
  withHold<R>(fn: (hold: ReentrantHold) => R | Promise<R>, options?: WaitOptions): Promise<R> {
    return runHolding(this.#enter(options), fn)
  }

  /** As `withHold`, and all that `fn` calls or starts is inside for as long as the section lasts. */
  run<R>(fn: (hold: ReentrantHold) => R | Promise<R>, options?: WaitOptions): Promise<R> {
    return runHolding(this.#enter(options), (hold) => runInside(this, hold, () => fn(hold)))
  }

  #enter(options: WaitOptions | undefined): Entry<ReentrantHold> {
    const outer = this.#outer()
    if (outer !== undefined) return outer.enter(options)
    return refuse(options) ?? this.#root.enter(new ReentrantHold(this.#tree, this.#root), options)
  }

  /** The hold that the caller is inside of. One that has been released leaves its task outside, or in the hold above. */
  #outer(): ReentrantHold | undefined {
    return ambientHold(this)?.nearestHeld
  }
}
