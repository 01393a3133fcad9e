import { ModelLoadError } from '../kernel/errors.ts'
import type { JsonObject, ModelFolder } from './model-folder.ts'
import { positiveInteger, readMaxTokens } from './token-limit.ts'

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
