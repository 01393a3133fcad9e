import { ModelLoadError } from '../kernel/errors.ts'
import type { EmbeddingConfig } from './embedding-config.ts'
import { ELEMENT_TYPES, type ValueInfo } from './tensor.ts'

/** Rank-2 outputs that are vectors; another one may be the logits of a classifier, or BERT's pooler. */
const POOLED_OUTPUTS: ReadonlySet<string> = new Set(['sentence_embedding', 'text_embeds', 'embeddings'])

/**
 * The hidden states of all tokens where the graph gives them, else vectors that it has pooled itself.
 * @throws ModelLoadError when there are neither.
 */
export function embeddingOutput(outputs: readonly ValueInfo[]): ValueInfo {
  const usable = outputs.filter((output) => output.elementType === ELEMENT_TYPES.float32)
  const output =
    usable.find((output) => output.name === 'last_hidden_state') ??
    usable.find((output) => output.shape.length === 3 && output.name !== 'logits') ??
    usable.find((output) => output.shape.length === 2 && POOLED_OUTPUTS.has(output.name))
  if (output !== undefined) return output
  const found = outputs.map((output) => `${output.name} (type ${output.elementType})`).join(', ')
  throw new ModelLoadError(
    `The graph is not that of an embedding model: it gives no hidden states, but ${found}.`,
  )
}

/** @throws ModelLoadError when nothing says how long the vectors are. */
export function embeddingSize(output: ValueInfo, config: EmbeddingConfig): number {
  const size = output.shape.at(-1) ?? config.hiddenSize
  if (size !== undefined) return size
  throw new ModelLoadError(
    `Neither the output ${output.name} nor hidden_size in config.json says how long vectors are.`,
  )
}
