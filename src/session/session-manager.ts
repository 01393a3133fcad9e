import { InvalidInputError, SessionLockedError } from '../kernel/errors.ts'
import type { Answer, Fields, MaybePromise, Mode, SessionEvent } from './backend.ts'
import { NO_FIELDS, sealUpdate, type Draft, type SealedUpdate } from './draft.ts'
import { map } from './maybe-promise.ts'
import { difference, type SessionMirror } from './mirror.ts'
import { checkKey } from './names.ts'
import { checkWriteOptions } from './options.ts'
import { applyOperation, sealOperation } from './operations.ts'
import type { SessionHealth, SessionStats } from './statistics.ts'
import type { SessionsCore } from './sessions-core.ts'
import { Transaction } from './transaction.ts'
import type {
  DeepReadonly,
  Operation,
  SessionManager,
  SessionValues,
  Tx,
  Update,
  ValueReceipt,
  WriteOptions,
  WriteReceipt,
} from './types.ts'
import { checkUpdate, mergeUpdate } from './updates.ts'
import type { Write, Written } from './write.ts'

export interface OpenOptions {
  /** Refuse writes when there is no session of this id, instead of making one: a session that was ended stays ended. @default false */
  mustExist?: boolean
  /** Also gets every change that is made through this manager. */
  mirror?: SessionMirror
}

/** What kind of write it is, beyond its function. */
type WriteKind = Pick<Write<unknown>, 'isTouch' | 'isDestruction' | 'increment'>

const PLAIN: WriteKind = {}

/** Everything a write of one session goes through, whichever backend it is for. */
export class Session<S extends SessionValues, M extends Mode> implements SessionManager<S, M> {
  readonly id: string
  readonly #core: SessionsCore
  readonly #mustExist: boolean
  readonly #mirror: SessionMirror | undefined
  /** Made with the first one: most managers live for one request. */
  #watches: Set<Disposable> | undefined
  /** As they were last seen here. */
  #seen: Fields = NO_FIELDS

  constructor(id: string, core: SessionsCore, options: OpenOptions) {
    this.id = id
    this.#core = core
    this.#mustExist = options.mustExist ?? false
    this.#mirror = options.mirror
  }

  get<K extends keyof S & string, D = undefined>(key: K, fallback?: D): Answer<M, DeepReadonly<S[K]> | D> {
    return this.#answer(() =>
      map(this.#fields(), (fields = NO_FIELDS) =>
        Object.hasOwn(fields, checkKey(key)) ? fields[key] : fallback,
      ),
    )
  }

  exists(key: keyof S & string): Answer<M, boolean> {
    return this.#answer(() =>
      map(this.#fields(), (fields = NO_FIELDS) => Object.hasOwn(fields, checkKey(key))),
    )
  }

  getMultiple<K extends keyof S & string>(keys: readonly K[]): Answer<M, Map<K, DeepReadonly<S[K]>>> {
    return this.#answer(() =>
      map(this.#fields(), (fields = NO_FIELDS) => {
        const present = keys.filter((key) => Object.hasOwn(fields, checkKey(key)))
        return new Map(present.map((key) => [key, fields[key]]))
      }),
    )
  }

  read(): Answer<M, DeepReadonly<S> | undefined> {
    return this.#answer(() => this.#fields())
  }

  set<K extends keyof S & string>(key: K, value: S[K], options?: WriteOptions): Answer<M, WriteReceipt> {
    return this.#answer(() => this.#set({ [checkKey(key)]: value }, options))
  }

  setMultiple(
    values: Partial<S> | ReadonlyMap<keyof S & string, unknown>,
    options?: WriteOptions,
  ): Answer<M, WriteReceipt> {
    return this.#answer(() => {
      if (!(values instanceof Map)) return this.#set(values, options)
      for (const key of values.keys()) checkKey(key)
      return this.#set(Object.fromEntries(values as Map<string, unknown>), options)
    })
  }

  delete(key: keyof S & string, options?: WriteOptions): Answer<M, boolean> {
    return this.#answer(() => {
      checkKey(key)
      return this.#write(
        (draft) => draft.drop([key]),
        options,
        ({ result }) => result,
      )
    })
  }

  clearAll(options?: WriteOptions): Answer<M, number> {
    return this.#answer(() =>
      this.#write(
        (draft) => {
          const keys = Object.keys(draft.fields)
          draft.drop(keys)
          return keys.length
        },
        options,
        ({ result }) => result,
      ),
    )
  }

  destroy(options?: WriteOptions): Answer<M, boolean> {
    return this.#answer(() =>
      // A version is 0 where there was nothing.
      this.#write(
        () => {},
        options,
        ({ version }) => version > 0,
        { isDestruction: true },
      ),
    )
  }

  touch(options?: WriteOptions): Answer<M, boolean> {
    return this.#answer(() =>
      this.#write(
        () => {},
        options,
        ({ version }) => version > 0,
        { isTouch: true },
      ),
    )
  }

  atomicUpdate(
    fn: (fields: DeepReadonly<S>) => Update<S> | void,
    options?: WriteOptions,
  ): Answer<M, WriteReceipt> {
    const update = (draft: Draft): void => {
      const values = fn(draft.fields as DeepReadonly<S>)
      if (values === undefined) return
      checkUpdate(values)
      draft.merge(values)
    }
    return this.#answer(() => this.#write(update, options, (written) => this.#receipt(written)))
  }

  atomicUpdateAsync(
    fn: (tx: Tx<S>) => Promise<Update<S> | void>,
    options?: WriteOptions,
  ): Promise<WriteReceipt> {
    const answer = (written: Written<Update<S> | void>): WriteReceipt => {
      this.#seen = written.after
      return this.#receipt(written)
    }
    return this.#locked(fn, options, answer, mergeUpdate)
  }

  apply<K extends keyof S & string>(
    key: K,
    operation: Operation,
    options?: WriteOptions,
  ): Answer<M, ValueReceipt<S[K]>> {
    return this.#answer(() => {
      const sealed = sealOperation(checkKey(key), operation, this.#core.limits.maxValueChars)
      const run = (draft: Draft): unknown => applyOperation(draft, key, sealed)
      const kind = 'inc' in sealed ? { increment: { key, by: sealed.inc } } : PLAIN
      const answer = (written: Written<unknown>): object => {
        const { version, durability, mirrored } = this.#receipt(written)
        const value = written.result
        return mirrored === undefined
          ? { version, durability, value }
          : { version, durability, value, mirrored }
      }
      return this.#write(run, options, answer, kind)
    })
  }

  withLock<R>(fn: (tx: Tx<S>) => R | Promise<R>, options?: WriteOptions): Promise<R> {
    const answer = (written: Written<R>): R => {
      this.#seen = written.after
      if (this.#mirror !== undefined) this.#copy(written)
      return written.result
    }
    return this.#locked(fn, options, answer)
  }

  watch(listener: (event: SessionEvent) => void): Disposable {
    const watch = this.#core.backend.watch(this.id, listener)
    const watches = (this.#watches ??= new Set())
    watches.add(watch)
    return {
      [Symbol.dispose]: () => {
        if (watches.delete(watch)) watch[Symbol.dispose]()
      },
    }
  }

  getStats(): SessionStats {
    return {
      ...this.#core.counters,
      sessionKeys: Object.keys(this.#seen).length,
      lockTimeoutMs: this.#core.timeoutMs,
    }
  }

  isHealthy(): boolean {
    return this.#core.counters.failedAcquisitions === 0
  }

  checkHealth(): Promise<SessionHealth> {
    return this.#core.checkHealth()
  }

  resetStats(): void {
    this.#core.resetStats()
  }

  async close(): Promise<void> {
    for (const watch of this.#watches ?? []) watch[Symbol.dispose]()
    this.#watches?.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A promise where the backend has promises, so that a fault of the caller's is always told in one way. */
  #answer<T>(fn: () => MaybePromise<unknown>): Answer<M, T> {
    if (this.#core.backend.mode === 'sync') return fn() as Answer<M, T>
    try {
      return Promise.resolve(fn()) as Answer<M, T>
    } catch (error) {
      return Promise.reject(error) as Answer<M, T>
    }
  }

  /** As the caller sees them: inside an update or a section, with what has been changed there. */
  #fields(): MaybePromise<Fields | undefined> {
    const { running, locks, backend, counters, storeTimeoutMs } = this.#core
    const draft = running.of(this.id)
    if (draft !== undefined) return draft.fields
    const hold = locks.ambientHold(this.id)
    const tx = hold && Transaction.of(hold)
    if (tx !== undefined) return tx.draft.fields
    counters.reads++
    return map(backend.read(this.id, storeTimeoutMs), (record) => {
      if (record === undefined) return undefined
      this.#seen = record.fields
      return record.fields
    })
  }

  #set(values: object, options: WriteOptions | undefined): MaybePromise<WriteReceipt> {
    // Sealed now: what the caller does to the values afterwards is not part of the write.
    const sealed = this.#seal(values)
    const write = (draft: Draft): void => draft.mergeSealed(sealed)
    return this.#write(write, options, (written) => this.#receipt(written))
  }

  #write<R, A>(
    run: (draft: Draft) => R,
    options: WriteOptions | undefined,
    answer: (written: Written<R>) => A,
    kind: WriteKind = PLAIN,
  ): MaybePromise<A> {
    checkWriteOptions(options)
    const { isDestruction = false, isTouch = false, increment } = kind
    const write: Write<R, A> = {
      run,
      answer: (written) => {
        this.#see(written)
        return answer(written)
      },
      mustExist: this.#mustExist && !isDestruction && !isTouch,
      ttlMs: options?.ttlMs ?? this.#core.ttlMs,
      timeoutMs: options?.timeoutMs ?? this.#core.timeoutMs,
      signal: options?.signal,
      isDestruction,
      isTouch,
      increment,
    }
    return this.#route(write)
  }

  #see({ after, isPartial }: Written<unknown>): void {
    if (!isPartial) this.#seen = after
    else
      for (const key in after) if (!Object.hasOwn(this.#seen, key)) this.#seen = { ...this.#seen, ...after }
  }

  /** Inside an update or a section a write joins it; elsewhere it waits for the session to be free. */
  #route<R, A>(write: Write<R, A>): MaybePromise<A> {
    const { running, locks, writer, backend } = this.#core
    const { id } = this
    const draft = running.of(id)
    if (draft !== undefined) {
      const before = draft.fields
      const result = this.#runWithin(write, draft)
      return write.answer({ result, version: 0, before, after: draft.fields })
    }
    if (!locks.isHeld(id)) return writer.write(id, write)
    const hold = locks.ambientHold(id)
    const tx = hold && Transaction.of(hold)
    if (tx !== undefined) {
      const before = tx.draft.fields
      const result = this.#runWithin(write, tx.draft)
      return map(tx.flushNow(), (version) =>
        write.answer({ result, version, before, after: tx.draft.fields }),
      )
    }
    if (backend.mode === 'sync')
      throw new SessionLockedError(
        `Session ${id} is locked by a section that awaits, and a synchronous write cannot wait. Nothing was written. ` +
          'Write through the transaction of the section, or wait with atomicUpdateAsync or withLock.',
      )
    return this.#writeAfterLock(write)
  }

  #runWithin<R>(write: Write<R>, draft: Draft): R {
    if (write.isDestruction)
      throw new InvalidInputError('A session cannot be destroyed inside an update or a section of its own.')
    return this.#core.running.run(write, draft)
  }

  async #writeAfterLock<R, A>(write: Write<R, A>): Promise<A> {
    const { locks, writer } = this.#core
    const hold = await this.#core.acquire(this.id, write)
    try {
      return await writer.write(this.id, write)
    } finally {
      locks.release(this.id, hold)
    }
  }

  #locked<R, A>(
    fn: (tx: Tx<S>) => R | Promise<R>,
    options: WriteOptions | undefined,
    answer: (written: Written<R>) => A,
    merge?: (tx: Tx<S>, result: R) => void,
  ): Promise<A> {
    const { sections, locks, ttlMs, timeoutMs } = this.#core
    const hold = locks.ambientHold(this.id)
    const outer = hold && Transaction.of<S>(hold)
    if (outer !== undefined) return this.#lockedWithin(outer, fn, options, answer, merge)
    const request = { id: this.id, mustExist: this.#mustExist, ttlMs, timeoutMs, ...options }
    return sections.run<S, R, A>(request, fn, answer, merge)
  }

  async #lockedWithin<R, A>(
    outer: Transaction<S>,
    fn: (tx: Tx<S>) => R | Promise<R>,
    options: WriteOptions | undefined,
    answer: (written: Written<R>) => A,
    merge: ((tx: Tx<S>, result: R) => void) | undefined,
  ): Promise<A> {
    const before = outer.draft.fields
    const section = async (tx: Tx<S>): Promise<R> => {
      const result = await fn(tx)
      merge?.(tx, result)
      return result
    }
    const result = await outer.withLock(section, options)
    return answer({ result, version: 0, before, after: outer.draft.fields })
  }

  #receipt(written: Written<unknown>): WriteReceipt {
    const { version } = written
    const { durability } = this.#core.backend.guarantees
    return this.#mirror === undefined
      ? { version, durability }
      : { version, durability, mirrored: this.#copy(written) }
  }

  #copy({ before, after }: Written<unknown>): boolean {
    try {
      const { set, removed } = difference(before, after)
      return this.#mirror?.write(set, removed) ?? false
    } catch (error) {
      this.#core.noteFailedMirror(this.id, error)
      return false
    }
  }

  #seal(values: object): SealedUpdate {
    return sealUpdate(values, this.#core.limits.maxValueChars)
  }
}
