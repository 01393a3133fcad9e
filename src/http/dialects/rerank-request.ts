import { InvalidInputError } from '../../kernel/errors.ts'
import type { RerankOptions } from '../../services/runtime.ts'
import { wrong } from '../wrong-field.ts'

/** What a request to rerank asks for, whichever dialect it came in. */
export interface RerankRequest {
  /** Undefined where the client named none. */
  readonly model: string | undefined
  readonly query: string
  readonly documents: readonly string[]
  readonly options: RerankOptions
}

/** As many as Cohere takes. */
const MAX_DOCUMENTS = 10_000

type Fields = Readonly<Record<string, unknown>>

export function readFields(body: unknown): Fields {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Fields
  throw new InvalidInputError('The body must be a JSON object.')
}

/** A name, or nothing. */
export function readModel({ model }: Fields): string | undefined {
  if (model == null || model === '') return undefined
  if (typeof model !== 'string') throw wrong('model', 'must be the name of a model', model)
  return model
}

export function readQuery({ query }: Fields): string {
  if (typeof query !== 'string') throw wrong('query', 'must be a text', query)
  if (query.trim() === '') throw wrong('query', 'must not be empty')
  return query
}

/** @param textOf Takes the text out of an entry that is none; undefined where it has no text. */
export function readDocuments(
  fields: Fields,
  name: string,
  textOf: (entry: unknown) => string | undefined = () => undefined,
): string[] {
  const documents = fields[name]
  if (!Array.isArray(documents)) throw wrong(name, 'must be a list of texts', documents)
  if (documents.length === 0) throw wrong(name, 'must not be an empty list')
  if (documents.length > MAX_DOCUMENTS) {
    throw wrong(name, `must have at most ${MAX_DOCUMENTS} entries, not ${documents.length}`)
  }
  return documents.map((entry: unknown, index) => {
    const text = typeof entry === 'string' ? entry : textOf(entry)
    if (text === undefined) throw wrong(`${name}[${index}]`, 'must be a text', entry)
    return text
  })
}

/** The text of `{"text": "…"}`. */
export function textField(entry: unknown): string | undefined {
  const { text } = (entry ?? {}) as { text?: unknown }
  return typeof text === 'string' ? text : undefined
}

/** A whole number of at least 1, or nothing. */
export function readCount(fields: Fields, name: string): number | undefined {
  const count = fields[name]
  if (count == null) return undefined
  if (Number.isInteger(count) && (count as number) >= 1) return count as number
  throw wrong(name, 'must be a whole number of at least 1', count)
}

export function readFlag(fields: Fields, name: string, byDefault: boolean): boolean {
  const flag = fields[name] ?? byDefault
  if (typeof flag !== 'boolean') throw wrong(name, 'must be true or false', flag)
  return flag
}
