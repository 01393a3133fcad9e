import type { Clock, Timer } from '../../kernel/clock.ts'
import { Watchers, type SessionListener } from '../watchers.ts'
import type { LmdbStore } from './lmdb-store.ts'

/** LMDB tells nobody of writes; who watches looks. */
const LOOK_EVERY_MS = 20

/** Looks at the sessions that are watched, whenever something in the store has changed or expired. */
export class LmdbWatcher {
  readonly #store: LmdbStore
  readonly #clock: Clock
  readonly #watchers = new Watchers()
  /** What was last seen: the version, and when it expires. Version 0 stands for no record. */
  readonly #seen = new Map<string, { version: number; expiresAtMs: number }>()
  #storeVersion = -1
  #timer: Timer | undefined

  constructor(store: LmdbStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  watch(id: string, listener: SessionListener): Disposable {
    this.#seen.set(id, this.#look(id))
    const watch = this.#watchers.add(id, listener, () => this.#seen.delete(id))
    if (this.#timer === undefined) this.#lookLater()
    return watch
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #lookLater(): void {
    const atMs = this.#clock.nowMs() + LOOK_EVERY_MS
    this.#timer = this.#clock.callAt(atMs, () => this.#lookAtAll(), { background: true })
  }

  #lookAtAll(): void {
    this.#timer = undefined
    if (this.#seen.size === 0) return
    const storeVersion = this.#store.version
    const wallMs = this.#clock.wallMs()
    for (const [id, seen] of this.#seen) {
      const hasExpired = seen.expiresAtMs !== 0 && seen.expiresAtMs <= wallMs
      if (storeVersion === this.#storeVersion && !hasExpired) continue
      const now = this.#look(id)
      if (now.version === seen.version) continue
      this.#seen.set(id, now)
      if (now.version > 0) this.#watchers.emit({ type: 'set', id, version: now.version })
      else this.#watchers.emit({ type: hasExpired ? 'expire' : 'delete', id, version: storeVersion })
    }
    this.#storeVersion = storeVersion
    this.#lookLater()
  }

  #look(id: string): { version: number; expiresAtMs: number } {
    const stored = this.#store.read(id)
    const isThere = stored !== undefined && (stored.e === 0 || stored.e > this.#clock.wallMs())
    return isThere ? { version: stored.v, expiresAtMs: stored.e } : { version: 0, expiresAtMs: 0 }
  }
}
