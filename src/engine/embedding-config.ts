import { ModelLoadError } from '../kernel/errors.ts'
import type { JsonObject, ModelFolder } from './model-folder.ts'

export type Pooling = 'mean' | 'cls' | 'last-token'

/** How the model's own files say that its vectors are made. */
export interface EmbeddingConfig {
  /** The most tokens of one text, special tokens counted. */
  readonly maxTokens: number
  readonly pooling: Pooling
  /** What goes in front of a text, by the kind of text. Empty where the model has no prompts. */
  readonly prompts: Prompts
  /** Size of the hidden state, where the configuration says it. */
  readonly hiddenSize: number | undefined
  /** How many ids of tokens the graph knows, where the configuration says it. */
  readonly vocabularySize: number | undefined
}

export interface Prompts {
  readonly query: string
  readonly document: string
  /** For a text whose kind the caller does not say. */
  readonly unspecified: string
}

/** Tokenizers of models without a limit say 1e30. */
const NO_LIMIT = 1e9

/** Models whose first positions are taken by padding, so that fewer are left for tokens. */
const OFFSET_POSITIONS: ReadonlySet<unknown> = new Set(['roberta', 'xlm-roberta', 'camembert', 'mpnet'])

export function readEmbeddingConfig(folder: ModelFolder): EmbeddingConfig {
  const config = folder.optionalJson('config.json') ?? {}
  return {
    maxTokens: readMaxTokens(folder, config),
    pooling: readPooling(folder),
    prompts: readPrompts(folder),
    hiddenSize: positiveInteger(config['hidden_size']),
    vocabularySize: positiveInteger(config['vocab_size']),
  }
}

/**
 * The limit that the model was made for, not the one of `tokenizer.json`: files on the hub often carry a truncation
 * there that was left over from training.
 */
function readMaxTokens(folder: ModelFolder, config: JsonObject): number {
  const asked =
    positiveInteger(folder.optionalJson('sentence_bert_config.json')?.['max_seq_length']) ??
    positiveInteger(folder.optionalJson('tokenizer_config.json')?.['model_max_length'])
  const positions = positiveInteger(config['max_position_embeddings'])
  const padding = typeof config['pad_token_id'] === 'number' ? config['pad_token_id'] : 1
  const usable =
    positions !== undefined && OFFSET_POSITIONS.has(config['model_type'])
      ? positions - padding - 1
      : positions
  const limit = Math.min(asked ?? Infinity, usable ?? Infinity)
  if (Number.isFinite(limit)) return limit
  throw new ModelLoadError(
    `${folder.path} does not say how many tokens the model takes: sentence_bert_config.json (max_seq_length), ` +
      'tokenizer_config.json (model_max_length) or config.json (max_position_embeddings) should.',
  )
}

/** Mean where nothing is said, as sentence-transformers does for a plain encoder. */
function readPooling(folder: ModelFolder): Pooling {
  const config = folder.optionalJson('1_Pooling/config.json')
  if (config === undefined) return 'mean'
  const modes = Object.keys(config).filter(
    (name) => name.startsWith('pooling_mode_') && config[name] === true,
  )
  const [mode] = modes
  if (modes.length === 1) {
    if (mode === 'pooling_mode_mean_tokens') return 'mean'
    if (mode === 'pooling_mode_cls_token') return 'cls'
    if (mode === 'pooling_mode_lasttoken') return 'last-token'
  }
  throw new ModelLoadError(
    `${folder.path}/1_Pooling/config.json asks for ${modes.join(' and ') || 'no pooling at all'}. ` +
      'One of mean_tokens, cls_token and lasttoken is possible.',
  )
}

function readPrompts(folder: ModelFolder): Prompts {
  const config = folder.optionalJson('config_sentence_transformers.json') ?? {}
  const prompts = (config['prompts'] ?? {}) as JsonObject
  const named = (name: unknown): string | undefined => {
    const prompt = typeof name === 'string' ? prompts[name] : undefined
    return typeof prompt === 'string' ? prompt : undefined
  }
  const unspecified = named(config['default_prompt_name']) ?? ''
  return {
    query: named('query') ?? unspecified,
    document: named('document') ?? named('passage') ?? unspecified,
    unspecified,
  }
}

function positiveInteger(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < NO_LIMIT
    ? value
    : undefined
}
