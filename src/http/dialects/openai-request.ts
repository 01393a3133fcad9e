import { InputTooLongError, InvalidInputError } from '../../kernel/errors.ts'
import type { EmbedInput } from '../../registry/model.ts'
import type { EmbedOptions } from '../../services/runtime.ts'
import { wrong } from '../wrong-field.ts'

/** What `POST /v1/embeddings` asks for. */
export interface EmbeddingsRequest {
  model: string
  inputs: readonly EmbedInput[]
  encoding: 'float' | 'base64'
  options: EmbedOptions
}

const MAX_INPUTS = 2048
/** Of all inputs together, where they come as tokens; OpenAI's own limit. */
const MAX_TOKENS = 300_000

/**
 * Reads the body of `POST /v1/embeddings` (https://platform.openai.com/docs/api-reference/embeddings/create). Fields
 * that it does not know are ignored: clients send many. Ours beside OpenAI's: `truncate` (false: an input over the
 * model's limit is an error; "chunk": it is run in pieces, which are averaged) and `input_type` (`query` or `document`: the model's prompt for it is put in front).
 *
 * @throws InvalidInputError that names the field
 */
export function readEmbeddingsRequest(body: unknown): EmbeddingsRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new InvalidInputError('The body must be a JSON object with the fields "model" and "input".')
  }
  const {
    model,
    input,
    encoding_format: encoding,
    dimensions,
    truncate,
    input_type: inputType,
  } = body as Record<string, unknown>
  if (typeof model !== 'string' || model === '') throw wrong('model', 'must be the name of a model', model)
  if (dimensions != null && !(Number.isInteger(dimensions) && (dimensions as number) >= 1)) {
    throw wrong('dimensions', 'must be a whole number of at least 1', dimensions)
  }
  if (encoding != null && encoding !== 'float' && encoding !== 'base64') {
    throw wrong('encoding_format', 'must be "float" or "base64"', encoding)
  }
  if (truncate != null && typeof truncate !== 'boolean' && truncate !== 'chunk')
    throw wrong('truncate', 'must be true, false or "chunk"', truncate)
  const kind = KINDS.get(inputType)
  return {
    model,
    inputs: readInputs(input),
    encoding: encoding ?? 'float',
    options: {
      ...(truncate != null && { truncate }),
      ...(typeof dimensions === 'number' && { dimensions }),
      ...(kind !== undefined && { inputType: kind }),
    },
  }
}

/** As several providers name them. */
const KINDS: ReadonlyMap<unknown, 'query' | 'document'> = new Map([
  ['query', 'query'],
  ['search_query', 'query'],
  ['document', 'document'],
  ['passage', 'document'],
  ['search_document', 'document'],
])

/** A text, a list of texts, the tokens of one text, or a list of the tokens of several. */
function readInputs(input: unknown): readonly EmbedInput[] {
  if (typeof input === 'string') return [checkText('input', input)]
  if (!Array.isArray(input)) throw wrong('input', 'must be a text or a list', input)
  if (input.length === 0) throw wrong('input', 'must not be an empty list')
  if (typeof input[0] === 'number') {
    checkTotal(input.length)
    return [checkTokens('input', input)]
  }
  if (input.length > MAX_INPUTS) {
    throw wrong('input', `must have at most ${MAX_INPUTS} entries, not ${input.length}`)
  }
  checkTotal(input.reduce<number>((total, item) => total + (Array.isArray(item) ? item.length : 0), 0))
  return input.map((item: unknown, index) => {
    const field = `input[${index}]`
    if (typeof item === 'string') return checkText(field, item)
    if (Array.isArray(item)) return checkTokens(field, item)
    throw wrong(field, 'must be a text or a list of tokens', item)
  })
}

function checkText(field: string, text: string): string {
  if (text === '') throw wrong(field, 'must not be an empty text')
  if (text.includes('\0')) throw wrong(field, 'must not hold the NUL character (U+0000)')
  if (LONE_SURROGATE.test(text)) {
    throw wrong(field, 'must not hold half of a character (a lone surrogate); cut texts between code points')
  }
  return text
}

/** With the flag `u` a pair counts as the one character that it stands for, so that only halves match. */
const LONE_SURROGATE = /\p{Surrogate}/u

function checkTokens(field: string, tokens: readonly unknown[]): readonly number[] {
  if (tokens.length === 0) throw wrong(field, 'must not be an empty list of tokens')
  for (const [index, token] of tokens.entries()) {
    if (!Number.isSafeInteger(token) || (token as number) < 0) {
      throw wrong(`${field}[${index}]`, 'must be a token: a whole number of at least 0', token)
    }
  }
  return tokens as readonly number[]
}

function checkTotal(tokens: number): void {
  if (tokens <= MAX_TOKENS) return
  const message = `"input" must have at most ${MAX_TOKENS} tokens in all, not ${tokens}; send several requests.`
  throw new InputTooLongError(message, { field: 'input' })
}
