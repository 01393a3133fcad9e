import { ModelLoadError } from '../../kernel/errors.ts'
import type { JsonObject, ModelFolder } from '../model-folder.ts'

/** How the model's own files say that its output is made. Ids are those of the decoder's vocabulary. */
export interface GenerationConfig {
  /** What the decoder's input begins with. */
  readonly startToken: number
  /** Any of them ends a text. */
  readonly endTokens: ReadonlySet<number>
  readonly padToken: number
  /** The most tokens of a text on the decoder's side, the start token counted. */
  readonly maxLength: number
  /** The last token of a text that reaches `maxLength`. */
  readonly lastToken: number | undefined
  /** The first token that is produced, whatever the target language. */
  readonly firstToken: number | undefined
  /** Never produced. */
  readonly suppressed: readonly number[]
  /** Not produced as the first token. */
  readonly suppressedAtFirst: readonly number[]
  /** Sequences of two and more tokens that are never produced. */
  readonly badSequences: readonly (readonly number[])[]
  /** The most tokens of a text that goes in, special tokens counted. */
  readonly maxSourceTokens: number
  /** Heads of attention of the decoder, and numbers of each. */
  readonly heads: number
  readonly headSize: number
  /** Of the decoder. */
  readonly vocabularySize: number
}

/** What is assumed of models that name no limit, as Hugging Face's library does. */
const DEFAULT_MAX_LENGTH = 200
/** Tokenizers of models without a limit say 1e30. */
const NO_LIMIT = 1e9

/**
 * Reads `config.json` and, going before it, `generation_config.json`.
 * @throws ModelLoadError naming the field that is missing.
 */
export function readGenerationConfig(folder: ModelFolder): GenerationConfig {
  const model = folder.json('config.json')
  const fields: JsonObject = {
    ...model,
    ...withoutNulls(folder.optionalJson('generation_config.json') ?? {}),
  }
  const endTokens = idsOf(fields['eos_token_id'])
  const startToken = count(fields['decoder_start_token_id']) ?? count(fields['bos_token_id'])
  if (endTokens.length === 0 || startToken === undefined) {
    throw missing(folder, 'eos_token_id and decoder_start_token_id')
  }
  const heads = count(model['decoder_attention_heads'])
  const width = count(model['d_model'])
  const vocabularySize = count(model['decoder_vocab_size']) ?? count(model['vocab_size'])
  if (!heads || !width || !vocabularySize) {
    throw missing(folder, 'decoder_attention_heads, d_model and vocab_size')
  }
  const badWords = listOf(fields['bad_words_ids']).map(idsOf)
  return {
    startToken,
    endTokens: new Set(endTokens),
    padToken: count(fields['pad_token_id']) ?? (endTokens[0] as number),
    maxLength: maxLengthOf(fields, count(model['max_position_embeddings'])),
    lastToken: count(fields['forced_eos_token_id']),
    firstToken: count(fields['forced_bos_token_id']),
    suppressed: [
      ...idsOf(fields['suppress_tokens']),
      ...badWords.flatMap((ids) => (ids.length === 1 ? ids : [])),
    ],
    suppressedAtFirst: idsOf(fields['begin_suppress_tokens']),
    badSequences: badWords.filter((ids) => ids.length > 1),
    maxSourceTokens: maxSourceTokens(folder, model),
    heads,
    headSize: width / heads,
    vocabularySize,
  }
}

function maxLengthOf(fields: JsonObject, positions: number | undefined): number {
  const newTokens = count(fields['max_new_tokens'])
  const asked = newTokens === undefined ? (count(fields['max_length']) ?? DEFAULT_MAX_LENGTH) : newTokens + 1
  return Math.max(2, Math.min(asked, positions ?? asked))
}

function maxSourceTokens(folder: ModelFolder, model: JsonObject): number {
  const positions = count(model['max_position_embeddings'])
  const asked = count(folder.optionalJson('tokenizer_config.json')?.['model_max_length'])
  const limit = Math.min(positions ?? Infinity, asked !== undefined && asked < NO_LIMIT ? asked : Infinity)
  if (Number.isFinite(limit)) return limit
  throw missing(
    folder,
    'max_position_embeddings, or model_max_length in tokenizer_config.json: how many tokens the model takes',
  )
}

function missing(folder: ModelFolder, what: string): ModelLoadError {
  return new ModelLoadError(`${folder.path}/config.json does not say what a translation model must: ${what}.`)
}

function withoutNulls(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** One id, or several. */
function idsOf(value: unknown): number[] {
  return (Array.isArray(value) ? value : [value]).filter((id) => count(id) !== undefined) as number[]
}
