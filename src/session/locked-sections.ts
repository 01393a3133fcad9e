import { onAbort } from '../kernel/abort.ts'
import type { Clock } from '../kernel/clock.ts'
import { LockTimeoutError, SessionConflictError } from '../kernel/errors.ts'
import { runInside } from '../sync/ambient.ts'
import type { ReentrantHold } from '../sync/reentrant-hold.ts'
import type { CommitResult, Fields, MaybePromise, SessionBackend, SessionRecord } from './backend.ts'
import { Draft, NO_FIELDS } from './draft.ts'
import type { SessionLimits } from './limits.ts'
import { checkWriteOptions } from './options.ts'
import type { RecentRecords } from './recent-records.ts'
import { leaseLost, SessionLease } from './session-lease.ts'
import type { SessionLocks } from './session-locks.ts'
import type { SessionCounters } from './statistics.ts'
import { Transaction } from './transaction.ts'
import type { SessionValues } from './types.ts'

export interface SectionContext {
  readonly backend: SessionBackend
  readonly locks: SessionLocks
  readonly limits: SessionLimits
  readonly counters: SessionCounters
  readonly recent: RecentRecords
  readonly clock: Clock
  readonly leaseMs: number
  /** How long the store may take for one answer. */
  readonly storeTimeoutMs: number
  /** Whether what a section calls finds it without being handed its transaction. */
  readonly isAmbient: boolean
  onLockTimeout(error: LockTimeoutError): void
}

export interface SectionRequest {
  readonly id: string
  readonly mustExist: boolean
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  readonly ttlMs: number | undefined
}

export interface SectionOutcome<R> {
  readonly result: R
  readonly version: number
  readonly before: Fields
  readonly after: Fields
}

const NEVER = new AbortController().signal

/**
 * Runs functions while nobody else can write a session: neither in this process (a lock) nor, where the backend reaches
 * further, in another one (a lease; only whoever has the lock asks for it).
 */
export class LockedSections {
  readonly #context: SectionContext

  constructor(context: SectionContext) {
    this.#context = context
  }

  /**
   * @param answer Called when the section has been written, for what the caller is to get.
   * @param merge Called with what `fn` answered, for the last changes before the commit.
   */
  async run<S extends SessionValues, R, A>(
    request: SectionRequest,
    fn: (tx: Transaction<S>) => R | Promise<R>,
    answer: (outcome: SectionOutcome<R>) => A,
    merge?: (tx: Transaction<S>, result: R) => void,
  ): Promise<A> {
    const { locks, backend, clock, leaseMs, storeTimeoutMs, counters, isAmbient } = this.#context
    const { id, signal } = request
    checkWriteOptions(request)
    signal?.throwIfAborted()
    const startedAtMs = backend.leases === undefined ? 0 : clock.nowMs()
    const entry = locks.acquire(id, request)
    // Awaits, and functions that only await, are most of what a section costs: so there is one only for what takes time.
    let hold: ReentrantHold
    try {
      hold = entry instanceof Promise ? await entry : entry
    } catch (error) {
      throw this.#counted(error)
    }
    try {
      let lease: SessionLease | undefined
      if (backend.leases !== undefined) {
        const timeoutMs = Math.max(0, startedAtMs + request.timeoutMs - clock.nowMs())
        const wanted = { id, leaseMs, timeoutMs, storeTimeoutMs, signal }
        try {
          lease = await SessionLease.acquire(backend.leases, clock, wanted)
        } catch (error) {
          throw this.#counted(error)
        }
      }
      counters.lockAcquisitions++
      const record = lease === undefined ? backend.read(id, storeTimeoutMs) : lease.record
      const section = new OpenSection(
        this.#context,
        request,
        lease,
        record instanceof Promise ? await record : record,
      )
      const tx = new Transaction<S>(section, hold, section.draft)
      try {
        const work = isAmbient ? runInside(locks.lockOf(id) as object, hold, () => fn(tx)) : fn(tx)
        const result = work instanceof Promise ? await work : work
        merge?.(tx, result)
        tx.end()
        const finished = section.finish()
        if (finished instanceof Promise) await finished
        const { version, before } = section
        return answer({ result, version, before, after: section.draft.fields })
      } finally {
        tx.end()
        if (lease !== undefined) await section.end()
      }
    } finally {
      locks.release(id, hold)
    }
  }

  /** The error with which a wait ended, once it has been counted. */
  #counted(error: unknown): unknown {
    if (error instanceof LockTimeoutError) this.#context.onLockTimeout(error)
    return error
  }
}

/** What a section has of the session, from its first read to its last commit. */
class OpenSection {
  readonly id: string
  readonly limits: SessionLimits
  readonly draft: Draft
  readonly before: Fields
  readonly signal: AbortSignal
  readonly isAmbient: boolean
  version: number
  readonly #context: SectionContext
  readonly #request: SectionRequest
  readonly #lease: SessionLease | undefined
  readonly #lostListener: Disposable | undefined
  #exists: boolean
  #inFlight: Promise<number> | undefined

  constructor(
    context: SectionContext,
    request: SectionRequest,
    lease: SessionLease | undefined,
    record: SessionRecord | undefined,
  ) {
    this.#context = context
    this.#request = request
    this.#lease = lease
    this.id = request.id
    this.limits = context.limits
    this.isAmbient = context.isAmbient
    this.before = record?.fields ?? NO_FIELDS
    this.draft = new Draft(this.id, this.before, context.limits)
    this.version = record?.version ?? 0
    this.#exists = record !== undefined
    this.signal = lease?.lost ?? NEVER
    if (lease !== undefined) this.#lostListener = onAbort(lease.lost, () => context.counters.lostLeases++)
  }

  release(hold: ReentrantHold): void {
    this.#context.locks.release(this.id, hold)
  }

  /** One commit at a time, each of what has been changed until then. */
  flush(): MaybePromise<number> {
    return this.#inFlight === undefined ? this.#commit(false) : this.#inFlight.then(() => this.#commit(false))
  }

  /** The last commit gives the lease back in the same step. */
  finish(): MaybePromise<number> {
    return this.#inFlight === undefined ? this.#commit(true) : this.#inFlight.then(() => this.#commit(true))
  }

  async end(): Promise<void> {
    this.#lostListener?.[Symbol.dispose]()
    await this.#lease?.end()
  }

  #commit(endsLease: boolean): MaybePromise<number> {
    const { draft } = this
    const { set, remove, fields } = draft
    if (this.#request.mustExist && !this.#exists) throw this.#gone()
    if (this.signal.aborted) throw leaseLost(this.id)
    if (!draft.isChanged) return this.version
    // What is changed while the commit is on its way goes with the next one.
    draft.rebase(fields)
    const { backend, storeTimeoutMs: timeoutMs } = this.#context
    const committed = backend.commit(this.id, {
      expect: this.#exists ? this.version : 'absent',
      set,
      remove,
      fields,
      ttlMs: this.#request.ttlMs,
      timeoutMs,
      ...(this.#lease && { fence: this.#lease.fence, endsLease }),
    })
    if (!(committed instanceof Promise)) return this.#committed(committed)
    const version = committed.then((result) => {
      const version = this.#committed(result)
      if (endsLease) this.#lease?.markEnded()
      this.#inFlight = undefined
      return version
    })
    // Stays in place when it fails: then nothing more can be written in this section.
    this.#inFlight = version
    return version
  }

  #committed(result: CommitResult): number {
    switch (result.outcome) {
      case 'done':
        this.#context.counters.writes++
        if (this.#lease !== undefined) this.#context.recent.set(this.id, result.record)
        this.version = result.version
        this.#exists = true
        return result.version
      case 'conflict':
        throw this.#gone()
      case 'locked':
      case 'fenced':
        throw leaseLost(this.id)
    }
  }

  #gone(): SessionConflictError {
    return new SessionConflictError(
      `Session ${this.id} expired or was destroyed; nothing was written, and it was not made again.`,
    )
  }
}
