import { sleep, type Clock } from '../kernel/clock.ts'
import { Deferred } from '../kernel/deferred.ts'
import { LockTimeoutError, SessionStoreError } from '../kernel/errors.ts'
import type { CommitResult, Fields, Increment, SessionBackend, SessionRecord } from './backend.ts'
import { Draft, NO_FIELDS } from './draft.ts'
import type { SessionLimits } from './limits.ts'
import type { RecentRecords } from './recent-records.ts'
import { pauseMs } from './session-lease.ts'
import type { SessionCounters } from './statistics.ts'
import { setOwn } from './value.ts'
import { checkExists, type RunningDrafts, type Write, type Written } from './write.ts'

type RunOutcome =
  | { readonly ok: true; readonly result: unknown; readonly before: Fields; readonly after: Fields }
  | { readonly ok: false; readonly error: unknown }

/** Writes that go along with one commit; more would keep the event loop busy for long. */
const MAX_BATCH = 1_000

class Waiting extends Deferred<unknown> {
  readonly write: Write<unknown>
  readonly startedAtMs: number
  /** Of the last run. */
  outcome: RunOutcome | undefined

  constructor(write: Write<unknown>, startedAtMs: number) {
    super()
    this.write = write
    this.startedAtMs = startedAtMs
  }
}

export interface QueueContext {
  readonly backend: SessionBackend
  readonly limits: SessionLimits
  readonly counters: SessionCounters
  readonly running: RunningDrafts
  readonly recent: RecentRecords
  readonly clock: Clock
  readonly storeTimeoutMs: number
  onLockTimeout(error: LockTimeoutError): void
}

/**
 * The writes of one session in this process. One commit is in flight at a time; what comes meanwhile joins the next one, in
 * the order of arrival, each write on top of those before it. A write that throws fails alone. When another process changed
 * the session first, the whole batch is run again on what there is now, and what has come since joins it.
 */
export class CommitQueue {
  readonly #id: string
  readonly #context: QueueContext
  readonly #onIdle: () => void
  #waiting: Waiting[] = []
  #isRunning = false

  constructor(id: string, context: QueueContext, onIdle: () => void) {
    this.#id = id
    this.#context = context
    this.#onIdle = onIdle
  }

  add<R, A>(write: Write<R, A>): Promise<A> {
    const waiting = new Waiting(write, this.#context.clock.nowMs())
    this.#waiting.push(waiting)
    if (!this.#isRunning) {
      this.#isRunning = true
      void this.#drain()
    }
    return waiting.promise as Promise<A>
  }

  /** Never rejects: what fails is told to those who wait. */
  async #drain(): Promise<void> {
    // What is asked for in the same turn goes along with the first commit.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch: Waiting[] = []
      try {
        await this.#commitBatch(batch)
      } catch (error) {
        this.#context.recent.delete(this.#id)
        // A store that is down is down for those behind as well: they would wait for it one batch after the other.
        const isDown = error instanceof SessionStoreError
        for (const waiting of [...batch, ...(isDown ? this.#waiting.splice(0) : [])]) waiting.reject(error)
      }
    }
    this.#isRunning = false
    this.#onIdle()
  }

  async #commitBatch(batch: Waiting[]): Promise<void> {
    const { backend, recent, counters, storeTimeoutMs: timeoutMs } = this.#context
    const id = this.#id
    this.#admit(batch)
    if (this.#isAddition(batch) && (await this.#incremented(batch))) return
    let base = recent.get(id)
    // A record from memory may be old. It is good enough for a commit, which will say so, but for nothing else.
    // And what was read is good enough for those alone that were asked for before: how many of the batch they are.
    let freshFor = 0
    const readAgain = async (): Promise<void> => {
      const asking = batch.length
      base = await backend.read(id, timeoutMs)
      freshFor = asking
    }
    if (base === undefined) await readAgain()
    for (let attempts = 0; ; attempts++) {
      this.#admit(batch)
      if (batch.length === 0) return
      const draft = this.#run(batch, base)
      const change = this.#needsCommit(batch, draft, base)
      if (!change) {
        this.#settle(batch.splice(0, freshFor), base?.version ?? 0)
        freshFor = 0
        if (batch.length > 0) await readAgain()
        continue
      }
      const result: CommitResult = await backend.commit(id, {
        expect: base?.version ?? 'absent',
        set: draft.set,
        remove: draft.remove,
        fields: draft.fields,
        ttlMs: batch.findLast(({ write }) => write.ttlMs !== undefined)?.write.ttlMs,
        destroy: batch[0]?.write.isDestruction,
        timeoutMs,
      })
      switch (result.outcome) {
        case 'done':
          counters.writes += batch.length
          counters.combinedWrites += batch.length - 1
          recent.set(id, result.record)
          return this.#settle(batch, result.version)
        case 'conflict':
          counters.conflicts++
          base = result.now
          freshFor = batch.length
          break
        case 'locked':
          await sleep(this.#context.clock, pauseMs(attempts, result.forMs))
          this.#expire(batch, result.forMs)
          await readAgain()
          break
        case 'fenced':
          throw new Error('A commit without a fence cannot be fenced off.')
      }
    }
  }

  /** Whether the store can make all of these writes by itself. */
  #isAddition(batch: readonly Waiting[]): boolean {
    if (this.#context.backend.increment === undefined) return false
    for (const { write } of batch) if (write.increment === undefined) return false
    return batch.length > 0
  }

  /** Lets the store itself add. Answers whether that settled the batch. */
  async #incremented(batch: Waiting[]): Promise<boolean> {
    const { backend, limits, counters, recent, storeTimeoutMs: timeoutMs, clock } = this.#context
    for (let attempts = 0; batch.length > 0; attempts++) {
      const increments = batch.map(({ write }) => write.increment as Increment)
      const result = await backend.increment?.(this.#id, {
        increments,
        mustExist: batch.some(({ write }) => write.mustExist),
        ttlMs: batch.findLast(({ write }) => write.ttlMs !== undefined)?.write.ttlMs,
        maxKeys: limits.maxKeys,
        timeoutMs,
      })
      switch (result?.outcome) {
        case 'done': {
          counters.writes += batch.length
          counters.combinedWrites += batch.length - 1
          counters.lockAcquisitions += batch.length
          recent.delete(this.#id)
          const { version, sums } = result
          for (const [i, waiting] of batch.entries()) {
            const { key } = increments[i] as Increment
            const after = {}
            setOwn(after, key, sums[i])
            answer(waiting, { result: sums[i], version, before: NO_FIELDS, after, isPartial: true })
          }
          return true
        }
        case 'locked':
          await sleep(clock, pauseMs(attempts, result.forMs))
          this.#expire(batch, result.forMs)
          break
        default:
          return false
      }
    }
    return true
  }

  /** Takes over what waits. A destruction goes alone: nothing after it builds on what was before. */
  #admit(batch: Waiting[]): void {
    while (batch.length < MAX_BATCH) {
      const next = this.#waiting[0]
      if (next === undefined || batch[0]?.write.isDestruction) return
      if (next.write.isDestruction && batch.length > 0) return
      this.#waiting.shift()
      if (next.write.signal?.aborted) next.reject(next.write.signal.reason)
      else batch.push(next)
    }
  }

  #run(batch: readonly Waiting[], base: SessionRecord | undefined): Draft {
    const { limits, running } = this.#context
    const draft = new Draft(this.#id, base?.fields ?? NO_FIELDS, limits)
    for (const waiting of batch) {
      const before = draft.fields
      try {
        checkExists(this.#id, waiting.write, base)
        const result = running.run(waiting.write, draft)
        waiting.outcome = { ok: true, result, before, after: draft.fields }
      } catch (error) {
        waiting.outcome = { ok: false, error }
      }
    }
    return draft
  }

  #needsCommit(batch: readonly Waiting[], draft: Draft, base: SessionRecord | undefined): boolean {
    if (draft.isChanged) return true
    if (base === undefined) return false
    return batch.some(({ write }) => write.isTouch === true || write.isDestruction === true)
  }

  #settle(batch: readonly Waiting[], version: number): void {
    this.#context.counters.lockAcquisitions += batch.length
    for (const waiting of batch) {
      const { outcome } = waiting
      if (outcome === undefined) continue
      if (!outcome.ok) waiting.reject(outcome.error)
      else {
        const { result, before, after } = outcome
        answer(waiting, { result, version, before, after })
      }
    }
  }

  /** Nothing of a write that has waited too long has been done, nor will be. */
  #expire(batch: Waiting[], forMs: number): void {
    const nowMs = this.#context.clock.nowMs()
    const kept = batch.filter((waiting) => {
      const { write, startedAtMs } = waiting
      const waitedMs = nowMs - startedAtMs
      if (write.signal?.aborted) waiting.reject(write.signal.reason)
      else if (waitedMs >= write.timeoutMs) waiting.reject(this.#timeoutError(waitedMs, forMs))
      else return true
      return false
    })
    batch.splice(0, batch.length, ...kept)
  }

  #timeoutError(waitedMs: number, forMs: number): LockTimeoutError {
    const error = new LockTimeoutError(
      `Waited ${Math.round(waitedMs)} ms for session ${this.#id}, which somebody holds for ${Math.round(forMs)} ms more ` +
        'at most. Nothing was written. Hold it for less time, or wait with a longer timeoutMs.',
      { waitedMs },
    )
    this.#context.onLockTimeout(error)
    return error
  }
}

function answer({ write, resolve, reject }: Waiting, written: Written<unknown>): void {
  try {
    resolve(write.answer(written))
  } catch (error) {
    reject(error)
  }
}
