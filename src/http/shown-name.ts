const MOST_CHARACTERS = 100

/** A name out of a request, for messages and the log: it may be a text of any length. */
export function shownName(name: string): string {
  return name.length > MOST_CHARACTERS ? `${name.slice(0, MOST_CHARACTERS)}…` : name
}
