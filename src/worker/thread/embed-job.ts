import type { WaitingText } from '../../batching/waiting-text.ts'
import { InferenceError, InvalidInputError } from '../../kernel/errors.ts'
import { isFiniteVector, normalize } from '../../engine/pooling.ts'
import type { EmbedReply, EmbedRequest, EmbedRequestOptions } from '../protocol.ts'

/** One text of a job, encoded and on its way through a batch. */
export interface JobText extends WaitingText {
  readonly job: EmbedJob
  /** Its place among the inputs of the job. */
  readonly index: number
  readonly ids: Int32Array
}

/** One request inside the thread: what it asked for, and what of its answer is there already. */
export class EmbedJob {
  readonly id: number
  readonly inputs: EmbedRequest['inputs']
  readonly options: EmbedRequestOptions
  readonly arrivedAtMs: number
  readonly deadlineAtMs: number
  /** The texts that are encoded; some wait, some are in runs, some are done. */
  readonly texts: JobText[] = []
  /** Answered, failed or withdrawn: what still arrives for it is dropped. */
  isEnded = false
  readonly #dimensions: number
  readonly #values: Float32Array<ArrayBuffer>
  readonly #truncated: number[] = []
  #finishedTexts = 0
  #tokeniseMs = 0

  /**
   * @param modelDimensions Length of the model's own vectors.
   * @throws InvalidInputError when more dimensions are asked for than there are.
   */
  constructor(request: EmbedRequest, modelDimensions: number, nowMs: number) {
    this.id = request.id
    this.inputs = request.inputs
    this.options = request.options
    this.arrivedAtMs = nowMs
    this.deadlineAtMs = nowMs + request.options.deadlineInMs
    this.#dimensions = checkDimensions(request.options.dimensions, modelDimensions)
    this.#values = new Float32Array(request.inputs.length * this.#dimensions)
  }

  get isEncoded(): boolean {
    return this.texts.length === this.inputs.length
  }

  get isComplete(): boolean {
    return this.#finishedTexts === this.inputs.length
  }

  /** The next input, encoded. Answers what is to wait for a run. */
  addText(ids: Int32Array, isTruncated: boolean, durationMs: number): JobText {
    const index = this.texts.length
    this.#tokeniseMs += durationMs
    if (isTruncated) this.#truncated.push(index)
    const { arrivedAtMs, deadlineAtMs, options } = this
    const text: JobText = {
      job: this,
      index,
      ids,
      tokens: ids.length,
      priority: options.priority,
      arrivedAtMs,
      deadlineAtMs,
      heapIndex: -1,
    }
    this.texts.push(text)
    return text
  }

  /**
   * Takes the vector of one text over; `vector` is free again afterwards.
   * @throws InferenceError when the model gave something else than numbers.
   */
  finishText(text: JobText, vector: Float32Array): void {
    if (!isFiniteVector(vector)) {
      throw new InferenceError(`The model's output for input[${text.index}] is not finite.`, {
        field: `input[${text.index}]`,
      })
    }
    const start = text.index * this.#dimensions
    const row = this.#values.subarray(start, start + this.#dimensions)
    row.set(vector.subarray(0, this.#dimensions))
    if (this.options.normalize) normalize(row)
    this.#finishedTexts++
  }

  /** @param lastRunStartedAtMs When the run began that finished the last text. */
  reply(nowMs: number, lastRunStartedAtMs: number): EmbedReply {
    const inferMs = nowMs - lastRunStartedAtMs
    return {
      type: 'embedded',
      id: this.id,
      values: this.#values,
      dimensions: this.#dimensions,
      tokenCounts: this.texts.map((text) => text.tokens),
      truncated: this.#truncated,
      timings: {
        tokeniseMs: this.#tokeniseMs,
        queueMs: Math.max(0, nowMs - this.arrivedAtMs - this.#tokeniseMs - inferMs),
        inferMs,
      },
    }
  }
}

function checkDimensions(asked: number | undefined, available: number): number {
  if (asked === undefined) return available
  if (Number.isInteger(asked) && asked >= 1 && asked <= available) return asked
  throw new InvalidInputError(`dimensions should be a whole number from 1 to ${available}, not ${asked}.`, {
    field: 'dimensions',
  })
}
