import { isUtf8 } from 'node:buffer'
import { InvalidInputError } from '../kernel/errors.ts'

/** Deeper than any request we know, far from the depth at which a parser gets into trouble. */
const MAX_DEPTH = 64
/** Objects and arrays in one body: a few bytes each on the wire, a hundred times that in memory. */
const MAX_CONTAINERS = 100_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])

/**
 * Parses the body of a request.
 *
 * @throws InvalidInputError for what is empty, not UTF-8, not JSON, nested deeper than 64 levels or made of more than
 * 100,000 objects and arrays
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
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] as number
    if (byte === QUOTE) {
      at = endOfString(body, at)
    } else if (OPENING.has(byte)) {
      if (++depth > MAX_DEPTH)
        throw new InvalidInputError(`The body is nested deeper than ${MAX_DEPTH} levels.`)
      if (++containers > MAX_CONTAINERS)
        throw new InvalidInputError(`The body has more than ${MAX_CONTAINERS} objects and arrays.`)
    } else if (CLOSING.has(byte)) {
      depth--
    }
  }
}

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
