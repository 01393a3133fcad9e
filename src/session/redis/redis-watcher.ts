import type { Redis } from 'ioredis'
import { Watchers, type SessionListener } from '../watchers.ts'
import { newClient, type Target } from './connection.ts'
import type { SessionKeys } from './session-hash.ts'

/**
 * Listens for changes on a connection of its own, made with the first watch. What happens while that is down is not heard: all
 * who watch are told of the gap when it is back.
 */
export class RedisWatcher {
  readonly #target: Target
  readonly #keys: SessionKeys
  readonly #watchers = new Watchers()
  #subscriber: Redis | undefined

  constructor(target: Target, keys: SessionKeys) {
    this.#target = target
    this.#keys = keys
  }

  watch(id: string, listener: SessionListener): Disposable {
    const subscriber = (this.#subscriber ??= this.#connect())
    const channel = this.#keys.channel(id)
    // Where there is no connection at the moment, all channels are asked for when there is.
    const ignore = (): void => {}
    if (subscriber.status === 'ready') subscriber.subscribe(channel).catch(ignore)
    return this.#watchers.add(id, listener, () => {
      if (subscriber.status === 'ready') subscriber.unsubscribe(channel).catch(ignore)
    })
  }

  close(): void {
    this.#subscriber?.disconnect()
  }

  #connect(): Redis {
    const subscriber = newClient(this.#target, { autoResubscribe: false, enableAutoPipelining: false })
    let isFirst = true
    subscriber.on('error', () => {})
    subscriber.on('ready', () => {
      void this.#subscribeAll(subscriber, isFirst)
      isFirst = false
    })
    subscriber.on('message', (channel: string, message: string) => {
      const [type, version] = message.split(' ')
      const id = this.#keys.idOf(channel)
      if (type === 'set' || type === 'delete') this.#watchers.emit({ type, id, version: Number(version) })
    })
    subscriber.connect().catch(() => {})
    return subscriber
  }

  /** Never rejects: a connection that is lost again meanwhile comes back here. */
  async #subscribeAll(subscriber: Redis, isFirst: boolean): Promise<void> {
    const ids = [...this.#watchers.ids]
    if (ids.length === 0) return
    try {
      await subscriber.subscribe(...ids.map((id) => this.#keys.channel(id)))
      if (!isFirst) for (const id of ids) this.#watchers.emit({ type: 'gap', id, version: 0 })
    } catch {
      // Tried again with the next connection.
    }
  }
}
