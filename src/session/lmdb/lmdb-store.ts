import type { Database, RootDatabase } from 'lmdb'
import { ConfigError } from '../../kernel/errors.ts'
import type { SessionRecord } from '../backend.ts'
import { importPeer } from '../import-peer.ts'
import { freezeParsed } from '../value.ts'
import { prepareStoreFile } from './store-file.ts'

/** Grows when the layout below changes. */
const FORMAT = 1

/** A record as it is stored, as JSON. */
export interface StoredRecord {
  /** Its version. */
  readonly v: number
  /** When it expires, in milliseconds since 1970; 0 for never. */
  readonly e: number
  /** Its fields. */
  readonly d: Record<string, unknown>
}

export interface StoreOptions {
  readonly path: string
  readonly noSync: boolean
}

/**
 * The tables of a store file:
 *
 * ```
 * sessions   id          → StoredRecord
 * expiries   [at ms, id] → 1               records that expire, in that order
 * leases     id          → [fence, until ms]
 * counters   name        → number          format, version, fence
 * ```
 */
export class LmdbStore {
  readonly root: RootDatabase
  readonly sessions: Database<StoredRecord, string>
  readonly expiries: Database<number, [number, string]>
  readonly leases: Database<[fence: number, untilMs: number], string>
  readonly #counters: Database<number, string>

  private constructor(root: RootDatabase) {
    this.root = root
    this.sessions = root.openDB('sessions', { encoding: 'json' })
    this.expiries = root.openDB('expiries', { encoding: 'json' })
    this.leases = root.openDB('leases', { encoding: 'json' })
    this.#counters = root.openDB('counters', { encoding: 'json' })
  }

  /** Throws `ConfigError` for a file that cannot be used. */
  static async open({ path, noSync }: StoreOptions): Promise<LmdbStore> {
    const { open } = await importPeer('lmdb', () => import('lmdb'))
    prepareStoreFile(path)
    // Batches by turn of the event loop have a promise of their own, whose rejection on a full disk would end the process.
    const root = open({ path, noSubdir: true, maxDbs: 4, noSync, eventTurnBatching: false })
    const store = new LmdbStore(root)
    const format = await root.transaction(() => {
      const found = store.#counters.get('format')
      if (found === undefined) quietly(store.#counters.put('format', FORMAT))
      return found ?? FORMAT
    })
    if (format === FORMAT) return store
    await root.close()
    throw new ConfigError(
      `The session store ${path} has format ${format}; this version of Leasehold reads format ${FORMAT}. ` +
        'Use the version that wrote it, or another file.',
    )
  }

  /** The record as of now, and not as of the start of this turn, when the read transaction began. */
  read(id: string): StoredRecord | undefined {
    this.sessions.resetReadTxn()
    return this.sessions.get(id)
  }

  /** The newest version that any record has or had. Inside a transaction the next one is put in its place. */
  get version(): number {
    this.#counters.resetReadTxn()
    return this.#counters.get('version') ?? 0
  }

  /** To be called in a transaction. */
  count(name: 'version' | 'fence'): number {
    const next = (this.#counters.get(name) ?? 0) + 1
    quietly(this.#counters.put(name, next))
    return next
  }
}

export function toRecord({ v: version, e, d }: StoredRecord): SessionRecord {
  const fields = freezeParsed(d)
  return e === 0 ? { fields, version } : { fields, version, expiresAtMs: e }
}

/** For writes inside a transaction: what becomes of them is told to whoever waits for that. */
export function quietly(write: Promise<unknown>): void {
  write.catch(() => undefined)
}
