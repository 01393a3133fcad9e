/**
 * Stands for a part and carries its type: what is registered and resolved with it is a `T`. Two tokens of one name are two
 * tokens; the name is for messages.
 *
 * ```ts
 * const DATABASE = new Token<Database>('database')
 * const MODEL = new Token<Promise<Model>>('model') // made by an asynchronous factory
 * ```
 */
export class Token<T> {
  /** For the compiler alone; there is no such property. */
  declare readonly type: T
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** A value that stands in for a part. Made by `provide()`. */
export interface Provided {
  readonly token: Token<unknown>
  readonly value: unknown
}

/** `value` in the place of what is registered for `token`: for one request, or for one call of `resolve`. */
export function provide<T>(token: Token<T>, value: T): Provided {
  return { token, value }
}
