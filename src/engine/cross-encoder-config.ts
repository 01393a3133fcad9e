import { ModelLoadError } from '../kernel/errors.ts'
import type { JsonObject, ModelFolder } from './model-folder.ts'
import { ELEMENT_TYPES, type ValueInfo } from './tensor.ts'
import { positiveInteger, readMaxTokens } from './token-limit.ts'

/** What a cross-encoder's own files say. */
export interface CrossEncoderConfig {
  /** The most tokens of one pair, special tokens counted. */
  readonly maxTokens: number
  /** Whether the model tells the first text from the second by the type of their tokens. */
  readonly hasTokenTypes: boolean
}

/** @throws ModelLoadError for a model with several labels: which of them would mean that a document fits, nobody says. */
export function readCrossEncoderConfig(folder: ModelFolder): CrossEncoderConfig {
  const config = folder.optionalJson('config.json') ?? {}
  const labels = labelsOf(config)
  if (labels.length > 1) throw tooManyLabels(`${folder.path}/config.json`, labels.length, labels)
  return {
    maxTokens: readMaxTokens(folder, config),
    hasTokenTypes: (positiveInteger(config['type_vocab_size']) ?? 2) > 1,
  }
}

/**
 * The output with one number for each pair.
 * @throws ModelLoadError when there is none.
 */
export function scoreOutput(outputs: readonly ValueInfo[]): ValueInfo {
  const output = outputs.find(
    ({ name, elementType, shape }) =>
      name === 'logits' && elementType === ELEMENT_TYPES.float32 && shape.length === 2,
  )
  if (output === undefined) {
    const found = outputs.map(({ name, elementType }) => `${name} (type ${elementType})`).join(', ')
    throw new ModelLoadError(`The graph is not that of a reranking model: it gives no logits, but ${found}.`)
  }
  const [, labels = 1] = output.shape
  if (labels === 1) return output
  throw tooManyLabels('The graph', labels, [])
}

/** Configurations leave out `id2label` where it is the default of two labels, so its absence says nothing. */
function labelsOf(config: JsonObject): readonly string[] {
  const labels = config['id2label']
  return typeof labels === 'object' && labels !== null ? Object.values(labels as JsonObject).map(String) : []
}

function tooManyLabels(source: string, count: number, names: readonly string[]): ModelLoadError {
  const which = names.length === 0 ? '' : ` (${names.slice(0, 5).join(', ')})`
  return new ModelLoadError(
    `${source} has ${count} labels${which}. A reranking model has one, the score; this is a classifier of another kind.`,
  )
}
