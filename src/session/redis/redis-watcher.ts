import type { Redis } from 'ioredis'
import type { Clock } from '../../kernel/clock.ts'
import { ExpiryQueue } from '../expiry-queue.ts'
import { Watchers, type SessionListener } from '../watchers.ts'
import { newClient, type Target } from './connection.ts'
import type { SessionKeys } from './session-hash.ts'

/** What a session is at the moment: its version, and how long it still has, where it ends at all. */
export interface Sighting {
  readonly version: number
  readonly ttlMs: number | undefined
}

export interface WatcherContext {
  readonly target: Target
  readonly keys: SessionKeys
  readonly clock: Clock
  /** Asks the server; undefined where there is no such session. */
  readonly look: (id: string) => Promise<Sighting | undefined>
}

/**
 * Listens for changes on a connection of its own, made with the first watch. What happens while that is down is not heard: all
 * who watch are told of the gap when it is back. The server says nothing when a session expires, unless it is set up to;
 * so who watches one knows when it ends, and looks whether it has.
 */
export class RedisWatcher {
  readonly #context: WatcherContext
  readonly #watchers = new Watchers()
  readonly #ends: ExpiryQueue
  /** Versions of the sessions that are watched and exist. */
  readonly #versions = new Map<string, number>()
  #subscriber: Redis | undefined

  constructor(context: WatcherContext) {
    this.#context = context
    this.#ends = new ExpiryQueue(context.clock, (id) => void this.#look(id))
  }

  watch(id: string, listener: SessionListener): Disposable {
    const subscriber = (this.#subscriber ??= this.#connect())
    const watch = this.#watchers.add(id, listener, () => this.#forget(id, subscriber))
    // Where there is no connection at the moment, all channels are asked for when there is.
    if (subscriber.status === 'ready') void this.#subscribe(subscriber, [id])
    return watch
  }

  close(): void {
    this.#ends.close()
    this.#subscriber?.disconnect()
  }

  #connect(): Redis {
    const { target, keys } = this.#context
    const subscriber = newClient(target, { autoResubscribe: false, enableAutoPipelining: false })
    let isFirst = true
    subscriber.on('error', () => {})
    subscriber.on('ready', () => {
      void this.#subscribeAll(subscriber, isFirst)
      isFirst = false
    })
    subscriber.on('message', (channel: string, message: string) => this.#hear(keys.idOf(channel), message))
    subscriber.connect().catch(() => {})
    return subscriber
  }

  async #subscribeAll(subscriber: Redis, isFirst: boolean): Promise<void> {
    const ids = [...this.#watchers.ids]
    if (ids.length === 0 || !(await this.#subscribe(subscriber, ids)) || isFirst) return
    for (const id of ids) this.#watchers.emit({ type: 'gap', id, version: 0 })
  }

  /** Never rejects: after a connection that is lost meanwhile it is all done again. */
  async #subscribe(subscriber: Redis, ids: readonly string[]): Promise<boolean> {
    try {
      await subscriber.subscribe(...ids.map((id) => this.#context.keys.channel(id)))
    } catch {
      return false
    }
    // Only now, so that no change falls between the look and the listening.
    for (const id of ids) void this.#look(id)
    return true
  }

  #hear(id: string, message: string): void {
    const [type, version, ttlMs = ''] = message.split(' ')
    if (type === 'set') this.#note(id, Number(version), ttlMs === '' ? undefined : Number(ttlMs))
    else if (type === 'delete') this.#drop(id)
    else return
    this.#watchers.emit({ type, id, version: Number(version) })
  }

  /** Never rejects: when the server cannot be asked, a gap is told of later. */
  async #look(id: string): Promise<void> {
    const known = this.#versions.get(id)
    const sighting = await this.#context.look(id).catch(() => null)
    if (sighting === null || !this.#watchers.has(id)) return
    // Something was heard meanwhile, which is newer.
    if (this.#versions.get(id) !== known) return
    if (sighting !== undefined) return this.#note(id, sighting.version, sighting.ttlMs)
    this.#drop(id)
    if (known !== undefined) this.#watchers.emit({ type: 'expire', id, version: known + 1 })
  }

  #note(id: string, version: number, ttlMs: number | undefined): void {
    this.#versions.set(id, version)
    if (ttlMs === undefined) this.#ends.delete(id)
    else this.#ends.set(id, this.#context.clock.wallMs() + ttlMs)
  }

  #drop(id: string): void {
    this.#versions.delete(id)
    this.#ends.delete(id)
  }

  #forget(id: string, subscriber: Redis): void {
    this.#drop(id)
    if (subscriber.status === 'ready') subscriber.unsubscribe(this.#context.keys.channel(id)).catch(() => {})
  }
}
