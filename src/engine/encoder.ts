import { ModelLoadError } from '../kernel/errors.ts'
import type { RunCancellation } from './run-cancellation.ts'
import type { RunItem } from './run-item.ts'
import { canFill, RunMemory } from './run-memory.ts'
import type { Session } from './session.ts'
import type { ValueInfo } from './tensor.ts'

/** What the graph gave for one item: rows of `size` values in `values`, beginning at `start`. Valid during the call only. */
export interface EncoderOutput {
  readonly values: Float32Array
  readonly start: number
  readonly size: number
  /** One for each token of the item, without padding; 1 where the graph gives one for the whole item. */
  readonly rows: number
  /** What was made of it for whoever asked first: many may want the vector of one item. */
  pooled?: Float32Array | undefined
}

/**
 * Runs batches of encoded texts through a session. Any number of batches may be in flight; each uses memory of its own,
 * which a later one takes over.
 */
export class Encoder {
  readonly #session: Session
  readonly #output: ValueInfo
  readonly #size: number
  readonly #idleMemory: RunMemory[] = []

  /**
   * @param output The one that is wanted: `[items, size]` or `[items, tokens, size]`, float32.
   * @throws ModelLoadError when the graph is not that of a text encoder.
   */
  constructor(session: Session, output: ValueInfo, size: number) {
    this.#session = session
    this.#output = output
    this.#size = size
    checkInputs(session.inputs)
  }

  /**
   * @param items They are padded to the longest.
   * @throws OrtError when the run fails or was cancelled.
   */
  async run(
    items: readonly RunItem[],
    cancellation: RunCancellation,
    sink: (index: number, output: EncoderOutput) => void,
  ): Promise<void> {
    const length = items.reduce((longest, { ids }) => Math.max(longest, ids.length), 0)
    const size = this.#size
    const memory = this.#idleMemory.pop() ?? new RunMemory()
    try {
      const inputs = Object.fromEntries(
        this.#session.inputs.map((input) => [input.name, memory.fillInput(input, items, length)]),
      )
      const isByToken = this.#output.shape.length === 3
      const output = memory.output([items.length, ...(isByToken ? [length] : []), size])
      await this.#session.run(inputs, { [this.#output.name]: output }, cancellation)
      const stride = (isByToken ? length : 1) * size
      for (const [index, { ids }] of items.entries()) {
        sink(index, { values: output.data, start: index * stride, size, rows: isByToken ? ids.length : 1 })
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
