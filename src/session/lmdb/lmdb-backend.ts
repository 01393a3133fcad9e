import { systemClock, type Clock, type Timer } from '../../kernel/clock.ts'
import { SessionStoreError } from '../../kernel/errors.ts'
import type {
  Change,
  CommitResult,
  Guarantees,
  LeaseGrant,
  LeaseStore,
  ListOptions,
  SessionBackend,
  SessionPage,
  SessionRecord,
} from '../backend.ts'
import { decide } from '../commit-rules.ts'
import type { SessionListener } from '../watchers.ts'
import { LmdbStore, quietly, toRecord } from './lmdb-store.ts'
import { LmdbWatcher } from './lmdb-watcher.ts'

export interface LmdbBackendOptions {
  /** The store file, which all processes name; its lock file stands beside it. Made where it is missing, for this user alone. */
  path: string
  /**
   * What an answered write survives: the end of the process, however it comes (`process`), or a power cut too (`machine`),
   * for which every write waits until it is on the disk. @default 'process'
   */
  durability?: 'process' | 'machine'
  /** Leaves it to the system when it writes to the disk. Several times as fast; a power cut may make the file useless. @default false */
  noSync?: boolean
  /** How often what has expired is removed from the file. @default 60_000 */
  sweepEveryMs?: number
  /** @default systemClock */
  clock?: Clock
}

/** Records that one transaction sweeps: others have to wait for it. */
const SWEPT_AT_ONCE = 500

/**
 * Sessions for the threads and processes of one machine, in one file. Reads are made in this process, without waiting for
 * anybody. Writes are asynchronous transactions: `transactionSync` would hang the process when its thread is terminated.
 */
export class LmdbBackend implements SessionBackend<'async'> {
  readonly mode = 'async' as const
  readonly guarantees: Guarantees
  readonly leases: LeaseStore
  readonly #store: LmdbStore
  readonly #path: string
  readonly #clock: Clock
  readonly #isFlushed: boolean
  readonly #watcher: LmdbWatcher
  readonly #sweepEveryMs: number
  #sweepTimer: Timer | undefined
  #closing: Promise<void> | undefined

  /** @see lmdbBackend */
  constructor(store: LmdbStore, options: LmdbBackendOptions) {
    const { path, durability = 'process', clock = systemClock, sweepEveryMs = 60_000 } = options
    this.guarantees = { scope: 'machine', durability, linearizable: true, lossOnFailover: 'none' }
    this.#store = store
    this.#path = path
    this.#clock = clock
    this.#isFlushed = durability === 'machine'
    this.#watcher = new LmdbWatcher(store, clock)
    this.#sweepEveryMs = sweepEveryMs
    this.leases = {
      acquire: (id, leaseMs) => this.#transaction(() => this.#acquire(id, leaseMs)),
      renew: (id, fence, leaseMs) => this.#transaction(() => this.#renew(id, fence, leaseMs)),
      release: (id, fence) => this.#transaction(() => this.#release(id, fence)),
    }
    this.#sweepLater()
  }

  async read(id: string): Promise<SessionRecord | undefined> {
    this.#checkOpen()
    try {
      return this.#living(this.#store.read(id))
    } catch (error) {
      throw this.#failure('read', error)
    }
  }

  commit(id: string, change: Change): Promise<CommitResult> {
    return this.#transaction(() => this.#commit(id, change))
  }

  async list({ prefix = '', cursor, limit = 100 }: ListOptions): Promise<SessionPage> {
    this.#checkOpen()
    const { sessions } = this.#store
    sessions.resetReadTxn()
    const ids: string[] = []
    const start = cursor ?? prefix
    for (const { key: id, value } of sessions.getRange(start === '' ? {} : { start })) {
      if (!id.startsWith(prefix)) break
      if (id === cursor || this.#living(value) === undefined) continue
      const last = ids.at(-1)
      if (ids.length === limit && last !== undefined) return { ids, cursor: last }
      ids.push(id)
    }
    return { ids }
  }

  async sweep(): Promise<number> {
    let swept = 0
    for (;;) {
      const removed = await this.#transaction(() => this.#sweepSome())
      swept += removed
      if (removed < SWEPT_AT_ONCE) return swept
    }
  }

  watch(id: string, listener: SessionListener): Disposable {
    this.#checkOpen()
    return this.#watcher.watch(id, listener)
  }

  close(): Promise<void> {
    this.#sweepTimer?.cancel()
    this.#watcher.close()
    this.#closing ??= this.#store.root.close()
    return this.#closing
  }

  /** In a transaction, as all that follow. What has been put before an error stays: so nothing may fail after the first put. */
  #commit(id: string, change: Change): CommitResult {
    const { sessions, expiries, leases } = this.#store
    const wallMs = this.#clock.wallMs()
    const lease = this.#leaseOf(id)
    if (change.fence !== undefined && lease?.[0] !== change.fence) return { outcome: 'fenced' }
    if (change.fence === undefined && lease !== undefined)
      return { outcome: 'locked', forMs: lease[1] - wallMs }
    const stored = sessions.get(id)
    const result = decide(this.#living(stored), change, this.#store.version + 1, wallMs)
    if (result.outcome !== 'done') return result
    this.#store.count('version')
    const { record } = result
    const expiresAtMs = record?.expiresAtMs ?? 0
    if (record === undefined) quietly(sessions.remove(id))
    else quietly(sessions.put(id, { v: record.version, e: expiresAtMs, d: record.fields }))
    const expiredAtMs = stored?.e ?? 0
    if (expiredAtMs !== expiresAtMs) {
      if (expiredAtMs !== 0) quietly(expiries.remove([expiredAtMs, id]))
      if (expiresAtMs !== 0) quietly(expiries.put([expiresAtMs, id], 1))
    }
    if (change.endsLease) quietly(leases.remove(id))
    return result
  }

  #acquire(id: string, leaseMs: number): LeaseGrant {
    const wallMs = this.#clock.wallMs()
    const lease = this.#leaseOf(id)
    if (lease !== undefined) return { isGranted: false, forMs: lease[1] - wallMs }
    const fence = this.#store.count('fence')
    quietly(this.#store.leases.put(id, [fence, wallMs + leaseMs]))
    return { isGranted: true, fence, record: this.#living(this.#store.sessions.get(id)) }
  }

  #renew(id: string, fence: number, leaseMs: number): boolean {
    if (this.#leaseOf(id)?.[0] !== fence) return false
    quietly(this.#store.leases.put(id, [fence, this.#clock.wallMs() + leaseMs]))
    return true
  }

  #release(id: string, fence: number): void {
    if (this.#store.leases.get(id)?.[0] === fence) quietly(this.#store.leases.remove(id))
  }

  #sweepSome(): number {
    const { expiries, sessions } = this.#store
    const wallMs = this.#clock.wallMs()
    const due = [...expiries.getRange({ limit: SWEPT_AT_ONCE })].filter(({ key }) => key[0] <= wallMs)
    for (const { key } of due) {
      quietly(expiries.remove(key))
      quietly(sessions.remove(key[1]))
    }
    if (due.length > 0) this.#store.count('version')
    return due.length
  }

  #leaseOf(id: string): [fence: number, untilMs: number] | undefined {
    const lease = this.#store.leases.get(id)
    return lease !== undefined && lease[1] > this.#clock.wallMs() ? lease : undefined
  }

  #living(stored: Parameters<typeof toRecord>[0] | undefined): SessionRecord | undefined {
    if (stored === undefined || (stored.e !== 0 && stored.e <= this.#clock.wallMs())) return undefined
    return toRecord(stored)
  }

  async #transaction<T>(action: () => T): Promise<T> {
    this.#checkOpen()
    try {
      const result = await this.#store.root.transaction(action)
      if (this.#isFlushed) await this.#store.root.flushed
      return result
    } catch (error) {
      throw this.#failure('written', await commitError(error))
    }
  }

  #sweepLater(): void {
    const atMs = this.#clock.nowMs() + this.#sweepEveryMs
    const sweep = async (): Promise<void> => {
      // A store that cannot be swept now is swept another time; its writers are told of the fault.
      await this.sweep().catch(() => undefined)
      if (this.#closing === undefined) this.#sweepLater()
    }
    this.#sweepTimer = this.#clock.callAt(atMs, () => void sweep(), { background: true })
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new SessionStoreError(`The session store ${this.#path} is closed; nothing was written.`)
  }

  #failure(done: 'read' | 'written', cause: unknown): SessionStoreError {
    const why = cause instanceof Error ? cause.message : String(cause)
    return new SessionStoreError(`The session store ${this.#path} could not be ${done}: ${why}`, { cause })
  }
}

/** LMDB tells why a commit failed some time after that it did. */
async function commitError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (reason) {
    return reason
  }
}

/**
 * Keeps sessions in a file for the threads and processes of this machine. Needs the package `lmdb`. Rejects with `ConfigError`
 * for a file that cannot be written, is something else, or is a store of another version.
 */
export async function lmdbBackend(options: LmdbBackendOptions): Promise<LmdbBackend> {
  const { path, noSync = false, durability } = options
  if (noSync && durability === 'machine')
    throw new RangeError('noSync does not go with durability "machine": nothing would wait for the disk.')
  return new LmdbBackend(await LmdbStore.open({ path, noSync }), options)
}
