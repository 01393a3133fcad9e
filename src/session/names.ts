import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { InvalidInputError } from '../kernel/errors.ts'
import { MAX_ID_CHARS, MAX_KEY_CHARS } from './limits.ts'

/** Half a surrogate pair has no UTF-8: a backend would store another text. */
const NOT_WELL_FORMED = /\p{Surrogate}/u
/** Control characters; braces mean something in the keys of a Redis cluster. */
const NOT_IN_AN_ID = /[\p{Cc}{}]/u

/** 128 random bits as 22 letters, digits, `-` and `_`: an id that cannot be guessed. */
export function newSessionId(): string {
  return randomBytes(16).toString('base64url')
}

/** Throws `InvalidInputError` unless the text can be the id of a session. */
export function checkId(id: unknown): string {
  checkText('session id', id, MAX_ID_CHARS)
  if (NOT_IN_AN_ID.test(id as string))
    throw new InvalidInputError(`A session id has no control characters and no braces, got ${inspect(id)}.`, {
      field: 'id',
    })
  return id as string
}

/** Throws `InvalidInputError` unless the text can be a key in a session. */
export function checkKey(key: unknown): string {
  // The common case, at the price of a comparison.
  if (typeof key === 'string' && key.length > 0 && key.length < 64 && isAscii(key)) return key
  checkText('key', key, MAX_KEY_CHARS)
  return key as string
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

function checkText(what: string, text: unknown, maxChars: number): void {
  const wrong =
    typeof text !== 'string'
      ? `is a string, got ${inspect(text, { depth: 0 })}`
      : text === ''
        ? 'is not empty'
        : text.length > maxChars
          ? `has at most ${maxChars} characters, got ${text.length}`
          : NOT_WELL_FORMED.test(text)
            ? `is well-formed Unicode, got ${inspect(text)}`
            : undefined
  if (wrong !== undefined) throw new InvalidInputError(`A ${what} ${wrong}.`, { field: what })
}
