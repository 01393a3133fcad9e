import { ResolutionError } from '../kernel/errors.ts'
import type { Part } from './part.ts'
import type { Token } from './token.ts'

/** Which part is registered for which token: in a container, or else in the one above it. */
export class Catalogue {
  readonly #parts = new Map<Token<unknown>, Part>()
  readonly #above: Catalogue | undefined

  constructor(above?: Catalogue) {
    this.#above = above
  }

  /** Throws `ResolutionError` if the token has a part here already; a part above is hidden. */
  add(part: Part): void {
    if (this.#parts.has(part.token))
      throw new ResolutionError(
        `"${part.token.name}" is registered already. To put another part in its place, register it in a child container.`,
      )
    this.#parts.set(part.token, part)
  }

  find(token: Token<unknown>): Part | undefined {
    return this.#parts.get(token) ?? this.#above?.find(token)
  }

  *names(): Generator<string> {
    for (const token of this.#parts.keys()) yield token.name
    if (this.#above !== undefined) yield* this.#above.names()
  }
}
