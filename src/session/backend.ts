/**
 * What keeps sessions. A session is one record: a bag of fields with one version. The manager above decides what is
 * written; a backend reads, and commits a change if what the writer expected still holds.
 */
export type MaybePromise<T> = T | Promise<T>

/** The keys and values of one session. Frozen all the way down; `__proto__` is a key like any other. */
export type Fields = Readonly<Record<string, unknown>>

export interface SessionRecord {
  readonly fields: Fields
  /** Grows with every change, also across a destruction: no two states of an id ever have the same version. */
  readonly version: number
  /** Milliseconds since 1970. Absent where the session does not expire. */
  readonly expiresAtMs?: number
}

/** What must be true of the record for a change to be made: this very version, or whether there is a record at all. */
export type Expectation = number | 'any' | 'present' | 'absent'

export interface Change {
  readonly expect: Expectation
  readonly set: Fields
  readonly remove: readonly string[]
  /** The fields as they are afterwards, where the writer knows them: right if `expect` holds and is a version or `absent`. */
  readonly fields?: Fields | undefined
  /** Removes the record, whatever its fields. */
  readonly destroy?: boolean | undefined
  /** From now. `Infinity` ends the expiry, absent leaves it as it is. */
  readonly ttlMs?: number | undefined
  /** The fence of the lease under which the change is made. */
  readonly fence?: number | undefined
  /** Gives that lease back in the same step. */
  readonly endsLease?: boolean | undefined
  /** How long the commit may take before it is given up, in milliseconds. */
  readonly timeoutMs?: number | undefined
}

export type CommitResult =
  | { readonly outcome: 'done'; readonly version: number; readonly record: SessionRecord | undefined }
  /** The expectation does not hold; `now` is what there is instead. */
  | { readonly outcome: 'conflict'; readonly now: SessionRecord | undefined }
  /** Somebody else holds a lease on the session, for so long at most. */
  | { readonly outcome: 'locked'; readonly forMs: number }
  /** The lease under which the change was to be made has been lost. Nothing was written. */
  | { readonly outcome: 'fenced' }

/** What a write that was answered survives: nothing / kill -9 / a power cut / the loss of the machine. */
export type Durability = 'memory' | 'process' | 'machine' | 'replica'

/** What a backend promises; stated in the documentation of each. */
export interface Guarantees {
  /** Whose writes exclude each other: those of one process, of one machine, of all clients. */
  readonly scope: 'process' | 'machine' | 'cluster'
  readonly durability: Durability
  readonly linearizable: boolean
  /** Whether answered writes can be lost when a replica takes over. */
  readonly lossOnFailover: 'none' | 'possible'
}

export interface Increment {
  readonly key: string
  readonly by: number
}

/** Increments in one step: all of them or none, each on top of those before it. An absent key counts as 0. */
export interface IncrementBatch {
  readonly increments: readonly Increment[]
  readonly mustExist: boolean
  readonly ttlMs?: number | undefined
  readonly maxKeys: number
  readonly timeoutMs?: number | undefined
}

export type IncrementResult =
  | { readonly outcome: 'done'; readonly version: number; readonly sums: readonly number[] }
  | { readonly outcome: 'locked'; readonly forMs: number }
  /** Something is not as it must be; a read and a commit will tell what. Nothing was written. */
  | { readonly outcome: 'refused' }

export interface SessionEvent {
  /** `gap`: events may have been missed; read the session again. */
  readonly type: 'set' | 'delete' | 'expire' | 'gap'
  readonly id: string
  /** Of the record after the change; 0 with `gap`. Changes in quick succession may come as one event. */
  readonly version: number
}

export interface SessionPage {
  readonly ids: readonly string[]
  /** For the next page; absent with the last one. */
  readonly cursor?: string
}

export interface ListOptions {
  /** @default '' */
  readonly prefix?: string
  readonly cursor?: string
  /** At most so many ids, about; a page may also be empty. @default 100 */
  readonly limit?: number
}

/** `sync` backends answer at once, `async` ones with promises. */
export type Mode = 'sync' | 'async'
export type Answer<M extends Mode, T> = M extends 'sync' ? T : Promise<T>

export interface SessionBackend<M extends Mode = Mode> {
  readonly mode: M
  readonly guarantees: Guarantees
  read(id: string, timeoutMs?: number): Answer<M, SessionRecord | undefined>
  commit(id: string, change: Change): Answer<M, CommitResult>
  /** Where the store itself can add, without that the record is read first. */
  increment?(id: string, batch: IncrementBatch): Promise<IncrementResult>
  /** Ids in no particular order. One that exists throughout comes at least once. */
  list(options: ListOptions): Answer<M, SessionPage>
  /** Removes what has expired and answers how many records those were. Expired records are never read, swept or not. */
  sweep(): Answer<M, number>
  /** Calls the listener after changes of one session, until the result is disposed. */
  watch(id: string, listener: (event: SessionEvent) => void): Disposable
  close(): Promise<void>
  /** Exclusion beyond the process; absent where all writers share one process. */
  readonly leases?: LeaseStore
}

export type LeaseGrant =
  | { readonly isGranted: true; readonly fence: number; readonly record: SessionRecord | undefined }
  | { readonly isGranted: false; readonly forMs: number }

/** Leases on sessions. A holder that dies keeps its lease until it runs out; a fence that is not the newest writes nothing. */
export interface LeaseStore {
  /** One attempt. A grant comes with the record as it is under the lease. */
  acquire(id: string, leaseMs: number, timeoutMs?: number): Promise<LeaseGrant>
  /** Answers whether the lease was still held. */
  renew(id: string, fence: number, leaseMs: number): Promise<boolean>
  release(id: string, fence: number): Promise<void>
}
