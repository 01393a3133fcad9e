import { isUtf8 } from 'node:buffer'
import { InvalidInputError } from '../kernel/errors.ts'

/** Deeper than any request we know, far from the depth at which a parser gets into trouble. */
const MAX_DEPTH = 64
/** Objects and arrays in one body: a few bytes each on the wire, a hundred times that in memory. */
const MAX_CONTAINERS = 100_000
/** Values in one body: above what any route takes (300,000 tokens), below what would hold up everybody else. */
const MAX_VALUES = 500_000

const QUOTE = 0x22
const BACKSLASH = 0x5c

const [IN_STRING, OPENS, CLOSES, SEPARATES] = [1, 2, 3, 4]
/** What each byte does to the structure; nothing for most. */
const ROLES = new Uint8Array(256)
for (const [bytes, role] of [
  ['"', IN_STRING],
  ['[{', OPENS],
  [']}', CLOSES],
  [',', SEPARATES],
] as const) {
  for (const byte of Buffer.from(bytes)) ROLES[byte] = role
}

/**
 * Parses the body of a request.
 *
 * @throws InvalidInputError for what is empty, not UTF-8, not JSON, nested deeper than 64 levels, or made of more than
 * 100,000 objects and arrays or 500,000 values
 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw new InvalidInputError('The body is empty; send a JSON object.')
  if (!isUtf8(body)) throw new InvalidInputError('The body is not valid UTF-8.')
  checkShape(body)
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new InvalidInputError(`The body is not valid JSON${placeOf(error)}.`)
  }
}

/** Counts without building anything; strings are skipped over by a native search. */
function checkShape(body: Buffer): void {
  let depth = 0
  let containers = 0
  let values = 1
  for (let at = 0; at < body.length; at++) {
    const role = ROLES[body[at] as number]
    if (role === 0) continue
    if (role === IN_STRING) {
      at = endOfString(body, at)
    } else if (role === OPENS) {
      containers++
      if (++depth > MAX_DEPTH) throw tooMuch(`is nested deeper than ${MAX_DEPTH} levels`)
      if (containers > MAX_CONTAINERS) throw tooMuch(`has more than ${MAX_CONTAINERS} objects and arrays`)
    } else if (role === CLOSES) {
      depth--
    } else if (++values > MAX_VALUES) {
      throw tooMuch(`has more than ${MAX_VALUES} values`)
    }
  }
}

const tooMuch = (what: string): InvalidInputError => new InvalidInputError(`The body ${what}.`)

/** The place of the quote that ends the string which begins at `start`. */
function endOfString(body: Buffer, start: number): number {
  for (let quote = body.indexOf(QUOTE, start + 1); quote !== -1; quote = body.indexOf(QUOTE, quote + 1)) {
    let backslashes = 0
    while (body[quote - 1 - backslashes] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return quote
  }
  return body.length
}

/** Where the parser stopped, without the piece of the user's text that its message quotes. */
function placeOf(error: unknown): string {
  const position = /at position (\d+)/.exec(String(error))?.[1]
  return position === undefined ? '' : ` (at character ${position})`
}
