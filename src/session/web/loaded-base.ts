import type { Fields } from '../backend.ts'
import { setOwn } from '../value.ts'

/** Frameworks copy named keys from what a store gives them, and no symbols: so the base travels under a name. */
const KEY = 'leasehold.base'

/** What a framework's session was made from. Its JSON is nothing at all, so it is neither hashed nor stored. */
export class LoadedBase {
  #fields: Fields

  constructor(fields: Fields) {
    this.#fields = fields
  }

  get fields(): Fields {
    return this.#fields
  }

  static of(session: object): LoadedBase | undefined {
    const base: unknown = (session as Record<string, unknown>)[KEY]
    return base instanceof LoadedBase ? base : undefined
  }

  /** To what a store hands out: the framework copies what it can enumerate. */
  attachTo(loaded: object): void {
    ;(loaded as Record<string, unknown>)[KEY] = this
  }

  /** To the framework's own session, in the place of an earlier one or where nobody who looks through it meets it. */
  attachToOwn(session: object): void {
    if (Object.hasOwn(session, KEY)) this.attachTo(session)
    else Object.defineProperty(session, KEY, { value: this, writable: true, configurable: true })
  }

  /** The key has this value on both sides now: it is no change of the session's. */
  agree(key: string, value: unknown): void {
    const fields = { ...this.#fields }
    if (value === undefined) delete fields[key]
    else setOwn(fields, key, value)
    this.#fields = fields
  }

  toJSON(): undefined {
    return undefined
  }
}
