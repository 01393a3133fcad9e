import { LeaseReleasedError } from '../kernel/errors.ts'
import { Gate } from './gate.ts'
import { runHolding, type Entry } from './hold.ts'
import type { LockContext } from './lock-context.ts'
import { refuse, type WaitOptions } from './options.ts'

/** What all holds of one reentrant lock share. */
export interface HoldTree {
  readonly context: LockContext
  /** Releases that came while holds below were still out. */
  leaks: number
}

/**
 * A hold of a reentrant lock, and a lock for the holds below it: those exclude each other, so that two branches of a
 * `Promise.all` inside one section do not get in each other's way.
 *
 * ```
 * lock ── hold A ─┬─ hold A1   inside, like A
 *      ·          └─ hold A2   waits for A1
 *      └─ hold B               waits for A, and so for A1 and A2
 * ```
 */
export class ReentrantHold implements Disposable {
  readonly #tree: HoldTree
  readonly #parent: ReentrantHold | undefined
  /** The gate that this hold is in: the lock's own, or the one inside its parent. */
  readonly #gate: Gate<ReentrantHold>
  /** The gate for the holds below. */
  #inner: Gate<ReentrantHold> | undefined
  #isReleased = false

  constructor(tree: HoldTree, gate: Gate<ReentrantHold>, parent?: ReentrantHold) {
    this.#tree = tree
    this.#gate = gate
    this.#parent = parent
  }

  get isReleased(): boolean {
    return this.#isReleased
  }

  /** Whether a hold below this one is out. */
  get isLent(): boolean {
    return this.#inner?.holder !== undefined
  }

  /** This hold, or the nearest one above it that has not been released. */
  get nearestHeld(): ReentrantHold | undefined {
    return this.#isReleased ? this.#parent?.nearestHeld : this
  }

  /** A hold below this one if none is out, undefined otherwise. Throws `LeaseReleasedError` after the release. */
  tryAcquire(): ReentrantHold | undefined {
    const gate = this.#innerGate()
    return gate.holder === undefined ? gate.take(new ReentrantHold(this.#tree, gate, this)) : undefined
  }

  /** A hold below this one, after those that came before. Rejects as the lock's `acquire` does. */
  async acquire(options?: WaitOptions): Promise<ReentrantHold> {
    return this.enter(options)
  }

  /** Acquires below this one, calls, releases, whatever happens. */
  async withHold<R>(fn: (hold: ReentrantHold) => R | Promise<R>, options?: WaitOptions): Promise<R> {
    return runHolding(this.enter(options), fn)
  }

  /**
   * Synchronous and idempotent. While holds below are out or waited for, the lock passes on only when the last of them
   * ends: whoever did not wait for them is not yet done. Such a release counts as a leak.
   */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    if (this.isLent) this.#tree.leaks++
    else this.#end()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** As `acquire`, without a promise where the way is free. Throws `LeaseReleasedError` after the release. */
  enter(options: WaitOptions | undefined): Entry<ReentrantHold> {
    const gate = this.#innerGate()
    return refuse(options) ?? gate.enter(new ReentrantHold(this.#tree, gate, this), options)
  }

  #innerGate(): Gate<ReentrantHold> {
    if (this.#isReleased)
      throw new LeaseReleasedError(
        `This hold of the ${this.#tree.context.what} has been released; acquire from the lock instead.`,
      )
    this.#inner ??= new Gate(this.#tree.context)
    return this.#inner
  }

  #end(): void {
    this.#gate.leave(this)
    const parent = this.#parent
    if (parent !== undefined && parent.#isReleased && !parent.isLent) parent.#end()
  }
}
