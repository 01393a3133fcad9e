import { SessionConflictError } from '../kernel/errors.ts'
import type { Fields, Increment, MaybePromise, SessionBackend, SessionRecord } from './backend.ts'
import type { Draft } from './draft.ts'

/** Something to be done to a session in one step. */
export interface Write<R, A = unknown> {
  /** Changes the draft; called again when the session turns out to have changed meanwhile. What it throws is the answer. */
  run(draft: Draft): R
  /** What the caller is answered when the write has been made. */
  answer(written: Written<R>): A
  /** Must there be a session already? */
  readonly mustExist: boolean
  /** How the expiry moves; undefined leaves it. */
  readonly ttlMs: number | undefined
  /** Worth a commit even if the draft is not changed: it moves the expiry. */
  readonly isTouch?: boolean
  readonly isDestruction?: boolean
  /** What the write is, if it is no more than that: a store may be able to do it by itself. */
  readonly increment?: Increment | undefined
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

export interface Written<R> {
  readonly result: R
  readonly version: number
  /** All fields before and after this write, or, where `isPartial`, those that it changed. */
  readonly before: Fields
  readonly after: Fields
  readonly isPartial?: boolean
}

/** Gets writes into a backend: at once, or together with others. */
export interface Writer {
  write<R, A>(id: string, write: Write<R, A>): MaybePromise<A>
}

/** Throws unless there is a session, for a write that must not make one. */
export function checkExists(id: string, write: Write<unknown>, base: SessionRecord | undefined): void {
  if (!write.mustExist || base !== undefined) return
  throw new SessionConflictError(
    `Session ${id} does not exist: it was destroyed, or has expired. It was not made again.`,
  )
}

const byBackend = new WeakMap<SessionBackend, RunningDrafts>()

/** Drafts that a synchronous function works on at this moment: what it calls works on the same one. */
export class RunningDrafts {
  readonly #drafts: Draft[] = []

  private constructor() {}

  /** Whoever opens the same backend a second time shares them. */
  static of(backend: SessionBackend): RunningDrafts {
    let drafts = byBackend.get(backend)
    if (drafts === undefined) byBackend.set(backend, (drafts = new RunningDrafts()))
    return drafts
  }

  of(id: string): Draft | undefined {
    if (this.#drafts.length === 0) return undefined
    return this.#drafts.findLast((draft) => draft.id === id)
  }

  /** Runs the write on a draft of its own: if it throws, that is of no use any more. */
  runFirst<R>(write: Write<R>, draft: Draft): R {
    this.#drafts.push(draft)
    try {
      return write.run(draft)
    } finally {
      this.#drafts.pop()
    }
  }

  /** Runs the write on the draft. If it throws, the draft is as it was. */
  run<R>(write: Write<R>, draft: Draft): R {
    const mark = draft.mark()
    try {
      return this.runFirst(write, draft)
    } catch (error) {
      draft.rollBack(mark)
      throw error
    }
  }
}
