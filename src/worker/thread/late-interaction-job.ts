import type { EmbeddingModel } from '../../engine/embedding-model.ts'
import type { EncoderOutput } from '../../engine/encoder.ts'
import { lateInteraction, normalizeRows } from '../../engine/late-interaction.ts'
import type { RunItem } from '../../engine/run-item.ts'
import { InputTooLongError } from '../../kernel/errors.ts'
import type { RerankRequest } from '../protocol.ts'
import { RerankJob } from './rerank-job.ts'

/** What the job needs of the model. */
export type TextModel = Pick<EmbeddingModel, 'encode'> & {
  readonly config: Pick<EmbeddingModel['config'], 'maxTokens'>
}

/** The item that is the query; document n is item n + 1. */
const QUERY = 0

/**
 * Scores by late interaction over an embedding model. The query is an item like any document, and the first one, so that
 * its states are there before most others; those of documents that come sooner are kept until then. Special tokens take
 * part: leaving them out of the query, the documents or both changed MRR@10 by no more than chance (500 queries over
 * docstrings, 70 over the manual), and mostly for the worse.
 */
export class LateInteractionJob extends RerankJob {
  readonly #model: TextModel
  /** Rows of length 1. */
  #query: Float32Array | undefined
  /** Documents whose states came before those of the query. */
  readonly #early = new Map<number, Float32Array>()

  constructor(request: RerankRequest, model: TextModel, nowMs: number) {
    super(request, nowMs)
    this.#model = model
  }

  get isEncoded(): boolean {
    return this.queryTokens > 0 && this.nextDocument === this.request.documents.length
  }

  encodeNext(): readonly RunItem[] {
    if (this.queryTokens === 0) return [{ ids: this.#encodeQuery() }]
    const document = this.nextDocument
    const encoded = this.#model.encode(this.request.documents[document] as string, document, {
      inputType: 'document',
      truncate: true,
      maxContentTokens: this.request.options.maxTokensPerDoc,
    })
    this.addDocument(encoded)
    return [{ ids: encoded.ids }]
  }

  takeRow(item: number, { values, start, size, rows }: EncoderOutput): void {
    const states = values.subarray(start, start + rows * size)
    if (item !== QUERY) {
      if (this.#query === undefined) this.#early.set(item, states.slice())
      else this.#score(item, states, size)
      return
    }
    this.#query = states.slice()
    normalizeRows(this.#query, size)
    for (const [early, earlyStates] of this.#early) this.#score(early, earlyStates, size)
    this.#early.clear()
  }

  fieldOf(item: number): string {
    return item === QUERY ? 'query' : `documents[${item - 1}]`
  }

  /** A query that is cut would rank by something else than what was asked, so it is refused. */
  #encodeQuery(): Int32Array {
    const { ids, isTruncated } = this.#model.encode(this.request.query, 0, {
      inputType: 'query',
      truncate: true,
    })
    if (isTruncated) {
      const { maxTokens } = this.#model.config
      throw new InputTooLongError(
        `query has more than the ${maxTokens} tokens that the model takes. Shorten it.`,
        {
          field: 'query',
        },
      )
    }
    this.queryTokens = ids.length
    return ids
  }

  #score(item: number, states: Float32Array, size: number): void {
    this.setScore(item - 1, lateInteraction(this.#query as Float32Array, states, size), clamp)
  }
}

/** Below 0 is what points the other way throughout, and above 1 what is so by rounding alone. */
function clamp(score: number): number {
  return Math.min(Math.max(score, 0), 1)
}
