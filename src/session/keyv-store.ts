import type { Mode } from './backend.ts'
import type { Sessions } from './sessions.ts'

export interface KeyvStoreOptions {
  /** What the ids of its sessions begin with. @default 'keyv:' */
  prefix?: string
}

/** A store as Keyv wants it. */
export interface KeyvStore {
  /** Keyv goes over the entries of stores alone whose dialect it knows. */
  readonly opts: { dialect: string; url: string }
  /** Set by Keyv: what its keys begin with, before a colon. */
  namespace?: string | undefined
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, ttlMs?: number): Promise<true>
  /** Answers whether the key was there. */
  delete(key: string): Promise<boolean>
  has(key: string): Promise<boolean>
  /** Removes the keys of the namespace. */
  clear(): Promise<void>
  iterator(namespace?: string): AsyncGenerator<[key: string, value: unknown], void>
  /** Failures are told to the caller, by rejection; there are no events. */
  on(): KeyvStore
}

/** The field of the session that holds the value of a key. */
const VALUE = 'value'
/** What an id cannot have, and the sign that stands before a replacement. */
const NOT_IN_AN_ID = /[\p{Cc}{}%]/gu

/**
 * A store for Keyv. Each key is a session of its own, with an end of its own, and what Keyv makes of the value in its field
 * `value`: text, or `{ value, expires? }` where `serialize` is undefined. A key has some 250 characters at most.
 *
 * ```ts
 * const cache = new Keyv({ store: keyvStore(sessions), throwOnErrors: true })
 * ```
 *
 * Without `throwOnErrors` Keyv takes a key for absent when the store cannot be read.
 */
export function keyvStore(sessions: Sessions<Mode>, { prefix = 'keyv:' }: KeyvStoreOptions = {}): KeyvStore {
  const open = (key: string): ReturnType<typeof sessions.open> => sessions.open(prefix + encode(key))

  async function* entries(namespace: string | undefined): AsyncGenerator<[string, unknown], void> {
    const start = prefix + (namespace === undefined ? '' : encode(`${namespace}:`))
    // A store may name an id twice while others come and go.
    const seen = new Set<string>()
    let cursor: string | undefined
    do {
      const page = await sessions.list({ prefix: start, ...(cursor !== undefined && { cursor }) })
      for (const id of page.ids) {
        if (seen.has(id)) continue
        seen.add(id)
        const value = await sessions.open(id).get(VALUE)
        if (value !== undefined) yield [decode(id.slice(prefix.length)), value]
      }
      cursor = page.cursor
    } while (cursor !== undefined)
  }

  return {
    opts: { dialect: 'redis', url: '' },
    get: async (key) => open(key).get(VALUE),
    async set(key, value, ttlMs = Infinity) {
      await open(key).set(VALUE, withoutAbsent(value), { ttlMs })
      return true
    },
    delete: async (key) => open(key).destroy(),
    has: async (key) => open(key).exists(VALUE),
    async clear() {
      for await (const [key] of entries(this.namespace)) await open(key).destroy()
    },
    iterator: entries,
    on() {
      return this
    },
  }
}

/** Keyv says `expires: undefined` of what does not end. */
function withoutAbsent(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined))
}

function encode(key: string): string {
  return key.replaceAll(NOT_IN_AN_ID, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function decode(text: string): string {
  return text.replaceAll(/%(..)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
