import type { Fields, SessionRecord } from '../backend.ts'
import { freezeParsed, setOwn } from '../value.ts'

/** Where a session is kept. The braces keep all keys of one session on one node of a cluster. */
export class SessionKeys {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** At which byte of a key the letter for its kind is, from 1 on. */
  get kindAt(): number {
    return Buffer.byteLength(this.#prefix) + 2
  }

  session(id: string): string {
    return `${this.#prefix}:s:{${id}}`
  }

  lastCommit(id: string, client: string): string {
    return `${this.#prefix}:o:{${id}}:${client}`
  }

  /** Of increments in many sessions, which one script makes. */
  outcome(client: string, slot: number): string {
    return `${this.#prefix}:i:${client}:${slot}`
  }

  channel(id: string): string {
    return `${this.#prefix}:w:{${id}}`
  }

  /** A pattern for the sessions whose ids begin so. */
  pattern(idPrefix: string): string {
    const literal = `${this.#prefix}:s:{${idPrefix}`.replaceAll(/[*?[\]\\^]/g, '\\$&')
    return `${literal}*}`
  }

  idOf(key: string): string {
    return key.slice(this.#prefix.length + 4, -1)
  }
}

/** The fields of a hash, as a script or HGETALL returns them, one after the other. Undefined for a hash without a session. */
export function toRecord(flat: readonly string[]): SessionRecord | undefined {
  const fields = {}
  let version: number | undefined
  let expiresAtMs: number | undefined
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i] as string
    const text = flat[i + 1] as string
    if (name.startsWith('d:')) setOwn(fields, name.slice(2), freezeParsed(JSON.parse(text)))
    else if (name === 'v') version = Number(text)
    else if (name === 'e') expiresAtMs = Number(text)
  }
  if (version === undefined) return undefined
  Object.freeze(fields)
  return expiresAtMs === undefined ? { fields, version } : { fields, version, expiresAtMs }
}

/** Keys and values, one after the other. */
export function toPairs(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([key, value]) => [key, JSON.stringify(value)])
}
