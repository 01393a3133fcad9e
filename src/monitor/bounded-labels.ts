/** What takes the place of a value that may not become a label. */
const OTHER = 'other'

/**
 * Keeps the number of label values bounded, whatever callers send: each value makes a series that lives as long as the
 * process. The first `limit` values pass, later ones become `other`.
 */
export class BoundedLabels {
  readonly #seen = new Set<string>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  of(value: string): string {
    if (this.#seen.has(value)) return value
    if (this.#seen.size >= this.#limit) return OTHER
    this.#seen.add(value)
    return value
  }
}

/** As above for a set that may grow but is known at every moment: a name that is not in it becomes `other`. */
export class KnownLabels {
  #known: ReadonlySet<string> = new Set()
  readonly #names: () => Iterable<string>

  /** @param names Asked again whenever a name is not known yet. */
  constructor(names: () => Iterable<string>) {
    this.#names = names
  }

  of(value: string): string {
    if (this.#known.has(value)) return value
    this.#known = new Set(this.#names())
    return this.#known.has(value) ? value : OTHER
  }
}
