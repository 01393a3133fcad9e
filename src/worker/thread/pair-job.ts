import type { CrossEncoderModel } from '../../engine/cross-encoder-model.ts'
import type { EncoderOutput } from '../../engine/encoder.ts'
import type { EncodedQuery } from '../../engine/pair-tokenizer.ts'
import type { RunItem } from '../../engine/run-item.ts'
import { InferenceError } from '../../kernel/errors.ts'
import type { RerankRequest, RunTimings } from '../protocol.ts'
import { Job, type JobReply } from './job.ts'

/** What the job needs of the model. */
export type PairModel = Pick<CrossEncoderModel, 'encodeQuery' | 'encodePair'>

/** Scores by a cross-encoder: one item for each document, with the query in front of it. */
export class PairJob extends Job<EncoderOutput> {
  readonly #model: PairModel
  readonly #request: RerankRequest
  readonly #scores: Float32Array<ArrayBuffer>
  readonly #tokenCounts: number[] = []
  readonly #truncated: number[] = []
  #query: EncodedQuery | undefined

  constructor(request: RerankRequest, model: PairModel, nowMs: number) {
    super(request, nowMs)
    this.#model = model
    this.#request = request
    this.#scores = new Float32Array(request.documents.length)
  }

  get isEncoded(): boolean {
    return this.#tokenCounts.length === this.#request.documents.length
  }

  encodeNext(): readonly RunItem[] {
    const { query, documents, options } = this.#request
    this.#query ??= this.#model.encodeQuery(query)
    const document = this.#tokenCounts.length
    const text = documents[document] as string
    const { isTruncated, ...item } = this.#model.encodePair(this.#query, text, options.maxTokensPerDoc)
    if (isTruncated) this.#truncated.push(document)
    this.#tokenCounts.push(item.ids.length)
    return [item]
  }

  takeRow(item: number, { values, start }: EncoderOutput): void {
    const logit = values[start] as number
    if (!Number.isFinite(logit)) {
      const field = this.fieldOf(item)
      throw new InferenceError(`The model's output for query and ${field} is not finite.`, { field })
    }
    this.#scores[item] = this.#request.options.rawScores ? logit : 1 / (1 + Math.exp(-logit))
  }

  reply(timings: RunTimings): JobReply {
    const scores = this.#scores
    return {
      message: {
        type: 'reranked',
        id: this.id,
        scores,
        tokenCounts: this.#tokenCounts,
        queryTokens: 0,
        truncated: this.#truncated,
        timings,
      },
      transfer: [scores.buffer],
    }
  }

  fieldOf(item: number): string {
    return `documents[${item}]`
  }
}
