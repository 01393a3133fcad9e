import { ModelLoadError } from '../kernel/errors.ts'
import type { JsonObject, ModelFolder } from './model-folder.ts'

/** Tokenizers of models without a limit say 1e30. */
const NO_LIMIT = 1e9

/** Models whose first positions are taken by padding, so that fewer are left for tokens. */
const OFFSET_POSITIONS: ReadonlySet<unknown> = new Set(['roberta', 'xlm-roberta', 'camembert', 'mpnet'])

/**
 * The limit that the model was made for, not the one of `tokenizer.json`: files on the hub often carry a truncation
 * there that was left over from training.
 *
 * @param config The content of `config.json`.
 * @returns Special tokens are counted in.
 * @throws ModelLoadError when nothing says it.
 */
export function readMaxTokens(folder: ModelFolder, config: JsonObject): number {
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

/** The value, if it is a whole number above 0 that means something. */
export function positiveInteger(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < NO_LIMIT
    ? value
    : undefined
}
