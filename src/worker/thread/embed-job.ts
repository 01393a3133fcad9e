import type { EncoderOutput } from '../../engine/encoder.ts'
import type { EmbeddingModel } from '../../engine/embedding-model.ts'
import { isFiniteVector, normalize, pooled } from '../../engine/pooling.ts'
import type { RunItem } from '../../engine/run-item.ts'
import { InferenceError, InvalidInputError } from '../../kernel/errors.ts'
import type { EmbedInput, EmbedRequest, RunTimings } from '../protocol.ts'
import { Job, type JobReply } from './job.ts'

/** What the job needs of the model. */
export type TextModel = Pick<EmbeddingModel, 'dimensions' | 'encode' | 'encodeChunks'> & {
  readonly config: Pick<EmbeddingModel['config'], 'pooling'>
}

/** Vectors for texts. */
export class EmbedJob extends Job<EncoderOutput> {
  readonly #model: TextModel
  readonly #request: EmbedRequest
  readonly #dimensions: number
  /** `[inputs, dimensions]`: while the pieces of a text come, the sum of their vectors, each times its tokens. */
  readonly #values: Float32Array<ArrayBuffer>
  readonly #tokenCounts: number[]
  readonly #truncated: number[] = []
  /** Of each item, the input that it is of and how many tokens it has. */
  readonly #itemInputs: number[] = []
  readonly #itemTokens: number[] = []
  readonly #piece: Float32Array
  #nextInput = 0
  /** The pieces of the input that is being encoded, where it is cut up. */
  #chunks: Iterator<Int32Array | undefined> | undefined

  /** @throws InvalidInputError when more dimensions are asked for than there are. */
  constructor(request: EmbedRequest, model: TextModel, nowMs: number) {
    super(request, nowMs)
    const { inputs, options } = request
    this.#model = model
    this.#request = request
    this.#dimensions = checkDimensions(options.dimensions, model.dimensions)
    this.#values = new Float32Array(inputs.length * this.#dimensions)
    this.#tokenCounts = inputs.map(() => 0)
    this.#piece = new Float32Array(this.#dimensions)
  }

  get isEncoded(): boolean {
    return this.#nextInput === this.#request.inputs.length
  }

  encodeNext(): readonly RunItem[] {
    const ids = this.#request.options.truncate === 'chunk' ? this.#nextChunk() : this.#nextText()
    return ids === undefined ? [] : [{ ids }]
  }

  takeRow(item: number, output: EncoderOutput): void {
    const input = this.#itemInputs[item] as number
    const start = input * this.#dimensions
    const row = this.#values.subarray(start, start + this.#dimensions)
    const isWhole = this.#request.options.truncate !== 'chunk'
    const vector = isWhole ? row : this.#piece
    output.pooled ??= pooled(this.#model.config.pooling, output)
    vector.set(output.pooled.subarray(0, this.#dimensions))
    if (!isFiniteVector(vector)) {
      const field = this.fieldOf(item)
      throw new InferenceError(`The model's output for ${field} is not finite.`, { field })
    }
    if (!isWhole) addScaled(row, vector, this.#itemTokens[item] as number)
  }

  reply(timings: RunTimings): JobReply {
    const { id, options } = this.#request
    for (let input = 0; input < this.#tokenCounts.length; input++) {
      const row = this.#values.subarray(input * this.#dimensions, (input + 1) * this.#dimensions)
      if (options.truncate === 'chunk') scale(row, 1 / (this.#tokenCounts[input] as number))
      if (options.normalize) normalize(row)
    }
    const values = this.#values
    return {
      message: {
        type: 'embedded',
        id,
        values,
        dimensions: this.#dimensions,
        tokenCounts: this.#tokenCounts,
        truncated: this.#truncated,
        timings,
      },
      transfer: [values.buffer],
    }
  }

  fieldOf(item: number): string {
    return `input[${this.#itemInputs[item]}]`
  }

  #nextText(): Int32Array {
    const input = this.#nextInput
    const { inputType, truncate } = this.#request.options
    const { ids, isTruncated } = this.#model.encode(this.#input, input, {
      inputType,
      truncate: truncate === true,
    })
    if (isTruncated) this.#truncated.push(input)
    this.#nextInput++
    this.#addItem(input, ids)
    return ids
  }

  /** Undefined when there was no piece in what was read of the input, or it had no further one. */
  #nextChunk(): Int32Array | undefined {
    const input = this.#nextInput
    this.#chunks ??= this.#model.encodeChunks(this.#input, input, this.#request.options.inputType)
    const { done, value } = this.#chunks.next()
    if (done !== true) {
      if (value !== undefined) this.#addItem(input, value)
      return value
    }
    this.#chunks = undefined
    this.#nextInput++
    return undefined
  }

  get #input(): EmbedInput {
    return this.#request.inputs[this.#nextInput] as EmbedInput
  }

  #addItem(input: number, ids: Int32Array): void {
    this.#itemInputs.push(input)
    this.#itemTokens.push(ids.length)
    this.#tokenCounts[input] = (this.#tokenCounts[input] as number) + ids.length
  }
}

function addScaled(sum: Float32Array, vector: Float32Array, factor: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (vector[i] as number) * factor
}

function scale(vector: Float32Array, factor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * factor
}

function checkDimensions(asked: number | undefined, available: number): number {
  if (asked === undefined) return available
  if (Number.isInteger(asked) && asked >= 1 && asked <= available) return asked
  throw new InvalidInputError(`dimensions should be a whole number from 1 to ${available}, not ${asked}.`, {
    field: 'dimensions',
  })
}
