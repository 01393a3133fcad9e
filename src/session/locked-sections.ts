import { onAbort } from '../kernel/abort.ts'
import type { Clock } from '../kernel/clock.ts'
import { LockTimeoutError, SessionConflictError } from '../kernel/errors.ts'
import { runInside } from '../sync/ambient.ts'
import type { ReentrantHold } from '../sync/reentrant-hold.ts'
import type { Fields, MaybePromise, SessionBackend, SessionRecord } from './backend.ts'
import { Draft, NO_FIELDS } from './draft.ts'
import type { SessionLimits } from './limits.ts'
import { map } from './maybe-promise.ts'
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

  async run<S extends SessionValues, R>(
    request: SectionRequest,
    fn: (tx: Transaction<S>) => R | Promise<R>,
  ): Promise<SectionOutcome<R>> {
    const { locks, backend, clock, leaseMs, counters, isAmbient } = this.#context
    const { id, signal } = request
    const startedAtMs = clock.nowMs()
    const hold = await this.#counted(() => locks.acquire(id, request))
    try {
      let lease: SessionLease | undefined
      if (backend.leases !== undefined) {
        const { leases } = backend
        const timeoutMs = Math.max(0, startedAtMs + request.timeoutMs - clock.nowMs())
        lease = await this.#counted(() =>
          SessionLease.acquire(leases, clock, { id, leaseMs, timeoutMs, signal }),
        )
      }
      counters.lockAcquisitions++
      const record = lease === undefined ? await backend.read(id, request.timeoutMs) : lease.record
      const section = new OpenSection(this.#context, request, lease, record)
      const tx = new Transaction<S>(section, hold, section.draft)
      const run = async (): Promise<R> => fn(tx)
      try {
        const result = await (isAmbient ? runInside(locks.lockOf(id) as object, hold, run) : run())
        tx.end()
        await section.finish()
        return { result, version: section.version, before: section.before, after: section.draft.fields }
      } finally {
        tx.end()
        await section.end()
      }
    } finally {
      locks.release(id, hold)
    }
  }

  async #counted<T>(wait: () => MaybePromise<T>): Promise<T> {
    try {
      return await wait()
    } catch (error) {
      if (error instanceof LockTimeoutError) this.#context.onLockTimeout(error)
      throw error
    }
  }
}

/** What a section has of the session, from its first read to its last commit. */
class OpenSection {
  readonly id: string
  readonly limits: SessionLimits
  readonly draft: Draft
  readonly before: Fields
  readonly signal: AbortSignal
  version: number
  readonly #context: SectionContext
  readonly #request: SectionRequest
  readonly #lease: SessionLease | undefined
  readonly #lostListener: Disposable | undefined
  #exists: boolean

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
    this.before = record?.fields ?? NO_FIELDS
    this.draft = new Draft(this.before, context.limits)
    this.version = record?.version ?? 0
    this.#exists = record !== undefined
    this.signal = lease?.lost ?? NEVER
    if (lease !== undefined) this.#lostListener = onAbort(lease.lost, () => context.counters.lostLeases++)
  }

  release(hold: ReentrantHold): void {
    this.#context.locks.release(this.id, hold)
  }

  flush(draft: Draft): MaybePromise<number> {
    return this.#commit(draft, false)
  }

  /** The last commit gives the lease back in the same step. */
  async finish(): Promise<void> {
    await this.#commit(this.draft, true)
  }

  async end(): Promise<void> {
    this.#lostListener?.[Symbol.dispose]()
    await this.#lease?.end()
  }

  #commit(draft: Draft, endsLease: boolean): MaybePromise<number> {
    if (this.#request.mustExist && !this.#exists) throw this.#gone()
    if (this.signal.aborted) throw leaseLost(this.id)
    if (!draft.isChanged) return this.version
    const { backend, counters, recent } = this.#context
    const committed = backend.commit(this.id, {
      expect: this.#exists ? this.version : 'absent',
      set: draft.set,
      remove: draft.remove,
      fields: draft.fields,
      ttlMs: this.#request.ttlMs,
      timeoutMs: this.#request.timeoutMs,
      ...(this.#lease && { fence: this.#lease.fence, endsLease }),
    })
    return map(committed, (result) => {
      switch (result.outcome) {
        case 'done':
          counters.writes++
          recent.set(this.id, result.record)
          this.version = result.version
          this.#exists = true
          draft.rebase(draft.fields)
          if (endsLease) this.#lease?.markEnded()
          return result.version
        case 'conflict':
          throw this.#gone()
        case 'locked':
        case 'fenced':
          throw leaseLost(this.id)
      }
    })
  }

  #gone(): SessionConflictError {
    return new SessionConflictError(
      `Session ${this.id} expired or was destroyed; nothing was written, and it was not made again.`,
    )
  }
}
