import { setOwn } from '../value.ts'

/** Frameworks copy named keys from what a store gives them, and no symbols: so the base travels under a name. */
const KEY = 'leasehold.base'

/** What a framework's session was made from. Its JSON is nothing at all, so it is neither hashed nor stored. */
export class LoadedBase {
  readonly fields: Record<string, unknown>

  constructor(fields: Record<string, unknown>) {
    this.fields = fields
  }

  static of(session: object): LoadedBase | undefined {
    const base: unknown = (session as Record<string, unknown>)[KEY]
    return base instanceof LoadedBase ? base : undefined
  }

  attachTo(session: object, isEnumerable: boolean): void {
    Object.defineProperty(session, KEY, {
      value: this,
      enumerable: isEnumerable,
      writable: true,
      configurable: true,
    })
  }

  /** The key has this value on both sides now: it is no change of the session's. */
  agree(key: string, value: unknown): void {
    if (value === undefined) delete this.fields[key]
    else setOwn(this.fields, key, value)
  }

  toJSON(): undefined {
    return undefined
  }
}
