import type { Answer, Durability, Mode, SessionEvent } from './backend.ts'
import type { REMOVE } from './draft.ts'
import type { SessionHealth, SessionStats } from './statistics.ts'

export type SessionValues = Record<string, unknown>

export type DeepReadonly<T> = T extends (infer U)[]
  ? readonly DeepReadonly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

/** Keys with their new values; `REMOVE` drops a key. Keys that are not named stay as they are. */
export type Update<S> = { readonly [K in keyof S]?: S[K] | typeof REMOVE | DeepReadonly<S[K]> }

export interface WriteOptions {
  /**
   * How long to wait for the session while somebody else holds it, in milliseconds. What timed out was not done.
   * @default the `timeoutMs` that the sessions were opened with
   */
  timeoutMs?: number
  /** Ends the wait with its reason. */
  signal?: AbortSignal
  /** The session ends so long after this write, unless another one follows. @default that of the sessions */
  ttlMs?: number
}

export interface WriteReceipt {
  /** Of the session after the write. */
  version: number
  /** What the write survives from now on. */
  durability: Durability
  /** Whether the change is in the web framework's own session too; absent where there is no mirror. */
  mirrored?: boolean
}

export interface ValueReceipt<T> extends WriteReceipt {
  value: DeepReadonly<T>
}

/** One change of one key that needs no function. Where the backend can, it is carried out there, in one round trip. */
export type Operation =
  /** Adds to a number; an absent key counts as 0. */
  | { readonly inc: number }
  /** Appends to an array; an absent key counts as `[]`. */
  | { readonly push: unknown }
  /** Sets keys of an object; an absent key counts as `{}`. */
  | { readonly merge: Readonly<Record<string, unknown>> }
  /** Puts the second in the place of the first, or fails with `SessionConflictError`. `undefined` stands for an absent key. */
  | { readonly cas: readonly [expected: unknown, next: unknown] }

/** A session inside a locked section. Nothing of it is seen outside before the section ends, or `flush()` is called. */
export interface Tx<S extends SessionValues = SessionValues> {
  /** Aborts when the lock is lost (its lease ran out): what is written from then on is refused. */
  readonly signal: AbortSignal
  /** All keys, as they are in this section. Frozen. */
  readonly fields: DeepReadonly<S>
  get<K extends keyof S & string>(key: K): DeepReadonly<S[K]> | undefined
  set<K extends keyof S & string>(key: K, value: S[K]): void
  /** Answers whether the key was there. */
  delete(key: keyof S & string): boolean
  merge(update: Update<S>): void
  /** Writes what has been changed so far, in one step. */
  flush(): Promise<void>
  /** A section inside this one. Its changes are dropped if it fails. Sections side by side wait for each other. */
  withLock<R>(fn: (tx: Tx<S>) => R | Promise<R>, options?: WriteOptions): Promise<R>
}

/**
 * One session. With a `sync` backend (memory) reads and writes answer at once, with an `async` one they answer with promises;
 * everything else is the same.
 */
export interface SessionManager<
  S extends SessionValues = SessionValues,
  M extends Mode = Mode,
> extends AsyncDisposable {
  readonly id: string

  get<K extends keyof S & string>(key: K): Answer<M, DeepReadonly<S[K]> | undefined>
  get<K extends keyof S & string, D>(key: K, fallback: D): Answer<M, DeepReadonly<S[K]> | D>
  exists(key: keyof S & string): Answer<M, boolean>
  /** The keys that exist, all from one moment. */
  getMultiple<K extends keyof S & string>(keys: readonly K[]): Answer<M, Map<K, DeepReadonly<S[K]>>>
  /** Everything in the session at one moment, frozen; `undefined` where there is no session of that id. */
  read(): Answer<M, DeepReadonly<S> | undefined>

  set<K extends keyof S & string>(key: K, value: S[K], options?: WriteOptions): Answer<M, WriteReceipt>
  /** All or nothing. */
  setMultiple(
    values: Partial<S> | ReadonlyMap<keyof S & string, unknown>,
    options?: WriteOptions,
  ): Answer<M, WriteReceipt>
  /** Answers whether the key was there. */
  delete(key: keyof S & string, options?: WriteOptions): Answer<M, boolean>
  /** Removes all keys and answers how many there were. The session stays. */
  clearAll(options?: WriteOptions): Answer<M, number>
  /** Ends the session. Answers whether there was one. */
  destroy(options?: WriteOptions): Answer<M, boolean>
  /** Puts the end of the session off to `ttlMs` from now. Answers whether there was one; never makes one. */
  touch(options?: WriteOptions): Answer<M, boolean>

  /**
   * Changes the session as a function of what it holds, in one step. The function is synchronous, has no effects, and may be
   * called more than once; one that returns a promise is a `TypeError`. If it throws, nothing is changed.
   */
  atomicUpdate(
    fn: (fields: DeepReadonly<S>) => Update<S> | void,
    options?: WriteOptions,
  ): Answer<M, WriteReceipt>
  /** The same for a function that awaits: it runs once, while the session is locked. */
  atomicUpdateAsync(
    fn: (tx: Tx<S>) => Promise<Update<S> | void>,
    options?: WriteOptions,
  ): Promise<WriteReceipt>
  apply<K extends keyof S & string>(
    key: K,
    operation: Operation,
    options?: WriteOptions,
  ): Answer<M, ValueReceipt<S[K]>>
  /** Runs `fn` while nobody else can write, and then writes what it changed, in one step. If it throws, nothing is written. */
  withLock<R>(fn: (tx: Tx<S>) => R | Promise<R>, options?: WriteOptions): Promise<R>

  /** Calls the listener after changes, from any process that the backend reaches. */
  watch(listener: (event: SessionEvent) => void): Disposable

  /** Counters are shared with all sessions that were opened together. */
  getStats(): SessionStats
  /** Whether no wait has timed out since the start or the last reset. */
  isHealthy(): boolean
  /** Also writes a probe and reads it back. Never rejects. */
  checkHealth(): Promise<SessionHealth>
  resetStats(): void
  /** Ends the watches that were begun here. The session itself stays. */
  close(): Promise<void>
}
