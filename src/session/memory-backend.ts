import { systemClock, type Clock } from '../kernel/clock.ts'
import { SessionStoreError } from '../kernel/errors.ts'
import type {
  Change,
  CommitResult,
  Guarantees,
  ListOptions,
  SessionBackend,
  SessionPage,
  SessionRecord,
} from './backend.ts'
import { decide } from './commit-rules.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import { Watchers, type SessionListener } from './watchers.ts'

export interface MemoryBackendOptions {
  /** @default systemClock */
  clock?: Clock
}

/** Sessions of one process: gone with it. Answers at once. */
export class MemoryBackend implements SessionBackend<'sync'> {
  readonly mode = 'sync' as const
  readonly guarantees: Guarantees = {
    scope: 'process',
    durability: 'memory',
    linearizable: true,
    lossOnFailover: 'none',
  }
  readonly #clock: Clock
  readonly #records = new Map<string, SessionRecord>()
  /** Of the records that end; for the others it costs nothing. */
  readonly #expiries: ExpiryQueue
  readonly #watchers = new Watchers()
  #version = 0
  #isClosed = false

  constructor(options: MemoryBackendOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#expiries = new ExpiryQueue(this.#clock, (id) => {
      this.#records.delete(id)
      this.#watchers.emit({ type: 'expire', id, version: ++this.#version })
    })
  }

  read(id: string): SessionRecord | undefined {
    const record = this.#records.get(id)
    if (record?.expiresAtMs === undefined) return record
    return record.expiresAtMs <= this.#clock.wallMs() ? undefined : record
  }

  commit(id: string, change: Change): CommitResult {
    if (this.#isClosed) throw new SessionStoreError('The sessions are closed; nothing was written.')
    const current = this.read(id)
    // Looking at the clock is a tenth of what a commit costs.
    const wallMs = change.ttlMs === undefined ? 0 : this.#clock.wallMs()
    const result = decide(current, change, this.#version + 1, wallMs)
    if (result.outcome !== 'done') return result
    this.#version = result.version
    const { record } = result
    if (record === undefined) {
      this.#records.delete(id)
      this.#expiries.delete(id)
    } else {
      this.#records.set(id, record)
      if (record.expiresAtMs === undefined) this.#expiries.delete(id)
      else this.#expiries.set(id, record.expiresAtMs)
    }
    if (this.#watchers.size > 0)
      this.#watchers.emit({ type: record === undefined ? 'delete' : 'set', id, version: result.version })
    return result
  }

  list({ prefix = '', cursor, limit = 100 }: ListOptions): SessionPage {
    // By the order of the ids, as a place in the map would move when records before it go.
    const ids: string[] = []
    for (const id of this.#records.keys())
      if (id.startsWith(prefix) && (cursor === undefined || id > cursor) && this.read(id)) ids.push(id)
    ids.sort(byCodeUnits)
    const page = ids.slice(0, limit)
    const last = page.at(-1)
    return ids.length > page.length && last !== undefined ? { ids: page, cursor: last } : { ids: page }
  }

  sweep(): number {
    return this.#expiries.sweep()
  }

  watch(id: string, listener: SessionListener): Disposable {
    return this.#watchers.add(id, listener)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#expiries.close()
    this.#records.clear()
  }
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Keeps sessions in the memory of this process. */
export function memoryBackend(options?: MemoryBackendOptions): MemoryBackend {
  return new MemoryBackend(options)
}
