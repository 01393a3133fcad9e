import { LeaseReleasedError } from '../kernel/errors.ts'
import type { WaitOptions } from '../sync/options.ts'
import type { ReentrantHold } from '../sync/reentrant-hold.ts'
import type { MaybePromise } from './backend.ts'
import { Draft } from './draft.ts'
import { map } from './maybe-promise.ts'
import type { SessionLimits } from './limits.ts'
import type { DeepReadonly, SessionValues, Tx, Update } from './types.ts'

/** What all transactions of one section share. */
export interface Section {
  readonly id: string
  readonly limits: SessionLimits
  readonly signal: AbortSignal
  /** Whether its transactions can be found by their holds. */
  readonly isAmbient: boolean
  /** Writes what the draft of the outermost transaction has come to, and answers with the version of the session. */
  flush(): MaybePromise<number>
  release(hold: ReentrantHold): void
}

/** Transactions by hold, for callers that find theirs through the async context. */
const byHold = new WeakMap<ReentrantHold, Transaction<SessionValues>>()

/**
 * A session inside a locked section: reads and writes a draft, which is committed when the section ends or with `flush()`.
 * One below another works on a copy and hands its changes up when it ends; with an error, they are dropped.
 */
export class Transaction<S extends SessionValues> implements Tx<S> {
  readonly draft: Draft
  readonly #section: Section
  readonly #hold: ReentrantHold
  readonly #parent: Transaction<S> | undefined
  #isEnded = false

  constructor(section: Section, hold: ReentrantHold, draft: Draft, parent?: Transaction<S>) {
    this.#section = section
    this.#hold = hold
    this.draft = draft
    this.#parent = parent
    if (section.isAmbient) byHold.set(hold, this)
  }

  /** Of a section that has not ended. */
  static of<S extends SessionValues>(hold: ReentrantHold): Transaction<S> | undefined {
    const tx = byHold.get(hold) as Transaction<S> | undefined
    return tx === undefined || tx.#isEnded ? undefined : tx
  }

  /** The function has settled. The lock is still held for the commit, of which nothing that comes now is part. */
  end(): void {
    this.#isEnded = true
  }

  get signal(): AbortSignal {
    return this.#section.signal
  }

  get fields(): DeepReadonly<S> {
    this.#checkOpen()
    return this.draft.fields as DeepReadonly<S>
  }

  get<K extends keyof S & string>(key: K): DeepReadonly<S[K]> | undefined {
    const { fields } = this
    return Object.hasOwn(fields, key)
      ? (fields[key as keyof DeepReadonly<S>] as DeepReadonly<S[K]>)
      : undefined
  }

  set<K extends keyof S & string>(key: K, value: S[K]): void {
    this.#checkOpen()
    this.draft.merge({ [key]: value })
  }

  delete(key: keyof S & string): boolean {
    this.#checkOpen()
    return this.draft.drop([key])
  }

  merge(update: Update<S>): void {
    this.#checkOpen()
    this.draft.merge(update)
  }

  async flush(): Promise<void> {
    await this.flushNow()
  }

  /** Without a promise where the backend has none. */
  flushNow(): MaybePromise<number> {
    this.#checkOpen()
    const parent = this.#parent
    if (parent === undefined) return this.#section.flush()
    this.#handUp(parent)
    return map(parent.flushNow(), (version) => {
      this.draft.rebase(parent.draft.fields)
      return version
    })
  }

  async withLock<R>(fn: (tx: Tx<S>) => R | Promise<R>, options?: WaitOptions): Promise<R> {
    const hold = await this.#hold.enter(options)
    try {
      return await this.#runBelow(hold, fn)
    } finally {
      this.#section.release(hold)
    }
  }

  async #runBelow<R>(hold: ReentrantHold, fn: (tx: Tx<S>) => R | Promise<R>): Promise<R> {
    const child = new Transaction<S>(
      this.#section,
      hold,
      new Draft(this.#section.id, this.draft.fields, this.#section.limits),
      this,
    )
    try {
      const result = await fn(child)
      this.#checkOpen()
      child.#handUp(this)
      return result
    } finally {
      child.end()
    }
  }

  #handUp(parent: Transaction<S>): void {
    parent.draft.mergeSealed(this.draft)
  }

  #checkOpen(): void {
    if (this.#isEnded || this.#hold.isReleased)
      throw new LeaseReleasedError(
        `The section on session ${this.#section.id} has ended; what is done after it is not part of it. ` +
          'Await everything that the section starts, or write through the session itself.',
      )
    this.signal.throwIfAborted()
  }
}
