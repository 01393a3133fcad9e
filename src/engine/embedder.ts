import { ModelLoadError } from '../kernel/errors.ts'
import type { EmbeddingConfig } from './embedding-config.ts'
import type { OrtSession } from './ort-session.ts'
import { ELEMENT_TYPES } from './ort-tensor.ts'
import type { ValueInfo } from './ort-value-info.ts'
import { pool } from './pooling.ts'
import type { RunCancellation } from './run-cancellation.ts'
import { canFill, RunMemory } from './run-memory.ts'

/** Receives the vector of one text of a batch: `[dimensions]`, valid during the call only. */
export type VectorSink = (index: number, vector: Float32Array) => void

/**
 * Runs batches of encoded texts through a session and makes one vector of each text, neither normalised nor checked.
 * Any number of batches may be in flight; each uses memory of its own, which a later one takes over.
 */
export class Embedder {
  readonly dimensions: number
  readonly #session: OrtSession
  readonly #config: EmbeddingConfig
  readonly #output: ValueInfo
  readonly #idleMemory: RunMemory[] = []

  /** @throws ModelLoadError when the graph is not that of a text encoder. */
  constructor(session: OrtSession, config: EmbeddingConfig) {
    this.#session = session
    this.#config = config
    checkInputs(session.inputs)
    this.#output = chooseOutput(session.outputs)
    this.dimensions = sizeOfStates(this.#output, config)
  }

  /**
   * @param texts Ids with special tokens; none is empty. They are padded to the longest.
   * @throws OrtError when the run fails or was cancelled.
   */
  async run(texts: readonly Int32Array[], cancellation: RunCancellation, sink: VectorSink): Promise<void> {
    const length = texts.reduce((longest, ids) => Math.max(longest, ids.length), 0)
    const memory = this.#idleMemory.pop() ?? new RunMemory()
    try {
      const inputs = Object.fromEntries(
        this.#session.inputs.map((input) => [input.name, memory.fillInput(input, texts, length)]),
      )
      const isPooled = this.#output.shape.length === 2
      const output = memory.output([texts.length, ...(isPooled ? [] : [length]), this.dimensions])
      await this.#session.run(inputs, { [this.#output.name]: output }, cancellation)
      const vector = new Float32Array(this.dimensions)
      for (const [row, ids] of texts.entries()) {
        if (isPooled) pool('cls', output.data, row, 1, 1, vector)
        else pool(this.#config.pooling, output.data, row, length, ids.length, vector)
        sink(row, vector)
      }
    } finally {
      this.#idleMemory.push(memory)
    }
  }
}

function checkInputs(inputs: readonly ValueInfo[]): void {
  const foreign = inputs.find((input) => !canFill(input))
  if (foreign === undefined && inputs.some((input) => input.name === 'input_ids')) return
  const wanted = 'input_ids, attention_mask, token_type_ids and position_ids (int64 or int32)'
  const found = inputs.map((input) => `${input.name} (type ${input.elementType})`).join(', ')
  throw new ModelLoadError(`The graph is not that of a text encoder: it wants ${found}; known are ${wanted}.`)
}

/** Rank-2 outputs that are vectors; another one may be the logits of a classifier, or BERT's pooler. */
const POOLED_OUTPUTS: ReadonlySet<string> = new Set(['sentence_embedding', 'text_embeds', 'embeddings'])

/** The hidden states of all tokens where the graph gives them, else vectors that it has pooled itself. */
function chooseOutput(outputs: readonly ValueInfo[]): ValueInfo {
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

function sizeOfStates(output: ValueInfo, config: EmbeddingConfig): number {
  const size = output.shape.at(-1) ?? config.hiddenSize
  if (size !== undefined) return size
  throw new ModelLoadError(
    `Neither the output ${output.name} nor hidden_size in config.json says how long vectors are.`,
  )
}
