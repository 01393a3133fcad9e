import type { CrossEncoderModel } from '../../engine/cross-encoder-model.ts'
import type { EncoderOutput } from '../../engine/encoder.ts'
import type { EncodedQuery } from '../../engine/pair-tokenizer.ts'
import type { RunItem } from '../../engine/run-item.ts'
import type { RerankRequest } from '../protocol.ts'
import { RerankJob } from './rerank-job.ts'

/** What the job needs of the model. */
export type PairModel = Pick<CrossEncoderModel, 'encodeQuery' | 'encodePair'>

/** Scores by a cross-encoder: one item for each document, with the query in front of it. */
export class PairJob extends RerankJob {
  readonly #model: PairModel
  #query: EncodedQuery | undefined

  constructor(request: RerankRequest, model: PairModel, nowMs: number) {
    super(request, nowMs)
    this.#model = model
  }

  get isEncoded(): boolean {
    return this.nextDocument === this.request.documents.length
  }

  encodeNext(): readonly RunItem[] {
    const { query, documents, options } = this.request
    this.#query ??= this.#model.encodeQuery(query)
    const text = documents[this.nextDocument] as string
    const pair = this.#model.encodePair(this.#query, text, options.maxTokensPerDoc)
    this.addDocument(pair)
    return [{ ids: pair.ids, secondFrom: pair.secondFrom }]
  }

  takeRow(item: number, { values, start }: EncoderOutput): void {
    this.setScore(item, values[start] as number, sigmoid)
  }

  fieldOf(item: number): string {
    return `documents[${item}]`
  }
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}
