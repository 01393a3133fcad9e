import { InvalidInputError } from '../../kernel/errors.ts'
import { wrong } from '../wrong-field.ts'

/** What `POST /translate` asks for. */
export interface TranslateRequest {
  readonly texts: readonly string[]
  /** Whether the texts came as a list, so that the answer is one. */
  readonly isList: boolean
  /** `auto`: to be found out. */
  readonly source: string
  readonly target: string
  readonly alternatives: number
}

const MAX_TEXTS = 10_000
const MAX_ALTERNATIVES = 100
const FORMATS: readonly unknown[] = [undefined, null, '', 'text', 'html']

/**
 * Reads the body of `POST /translate` (https://docs.libretranslate.com). Tags of `html` are kept in every format. Numbers may
 * be texts: forms have nothing else.
 *
 * @throws InvalidInputError that names the field
 */
export function readTranslateRequest(body: unknown): TranslateRequest {
  const fields = fieldsOf(body)
  const { source, target, format, alternatives } = fields
  if (typeof source !== 'string' || source === '') throw missing('source')
  if (typeof target !== 'string' || target === '') throw missing('target')
  if (!FORMATS.includes(format)) throw wrong('format', 'must be "text" or "html"', format)
  return { ...readTexts(fields), source, target, alternatives: readAlternatives(alternatives) }
}

/** Reads the body of `POST /detect`. @throws InvalidInputError that names the field */
export function readDetectRequest(body: unknown): string {
  return readTexts(fieldsOf(body)).texts.join('\n')
}

function readTexts({ q }: Readonly<Record<string, unknown>>): { texts: readonly string[]; isList: boolean } {
  if (typeof q === 'string') return { texts: [q], isList: false }
  if (q == null) throw missing('q')
  if (!Array.isArray(q)) throw wrong('q', 'must be a text or a list of texts', q)
  if (q.length === 0) throw wrong('q', 'must not be an empty list')
  if (q.length > MAX_TEXTS) throw wrong('q', `must have at most ${MAX_TEXTS} entries, not ${q.length}`)
  for (const [index, text] of (q as readonly unknown[]).entries()) {
    if (typeof text !== 'string') throw wrong(`q[${index}]`, 'must be a text', text)
  }
  return { texts: q as readonly string[], isList: true }
}

function readAlternatives(value: unknown): number {
  const count = value == null || value === '' ? 0 : Number(value)
  if (Number.isInteger(count) && count >= 0 && count <= MAX_ALTERNATIVES) return count
  throw wrong('alternatives', `must be a whole number from 0 to ${MAX_ALTERNATIVES}`, value)
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return body as Record<string, unknown>
  throw wrong('body', 'must be a JSON object or a form', body)
}

/** In the words of LibreTranslate. */
function missing(field: string): InvalidInputError {
  return new InvalidInputError(`Invalid request: missing ${field} parameter`, { field })
}
