import type { EncoderOutput } from '../../engine/encoder.ts'
import { InferenceError } from '../../kernel/errors.ts'
import type { RerankRequest, RunTimings } from '../protocol.ts'
import { Job, type JobReply } from './job.ts'

/** Scores for documents, whichever way they are made. Documents are encoded and counted in their order. */
export abstract class RerankJob extends Job<EncoderOutput> {
  protected readonly request: RerankRequest
  /** Tokens of the query, where it runs by itself. */
  protected queryTokens = 0
  readonly #scores: Float32Array<ArrayBuffer>
  readonly #tokenCounts: number[] = []
  readonly #truncated: number[] = []

  constructor(request: RerankRequest, nowMs: number) {
    super(request, nowMs)
    this.request = request
    this.#scores = new Float32Array(request.documents.length)
  }

  reply(timings: RunTimings): JobReply {
    const scores = this.#scores
    return {
      message: {
        type: 'reranked',
        id: this.id,
        scores,
        tokenCounts: this.#tokenCounts,
        queryTokens: this.queryTokens,
        truncated: this.#truncated,
        timings,
      },
      transfer: [scores.buffer],
    }
  }

  /** Which document is to be encoded next; as many as there are when all are. */
  protected get nextDocument(): number {
    return this.#tokenCounts.length
  }

  protected addDocument({ ids, isTruncated }: { ids: Int32Array; isTruncated: boolean }): void {
    if (isTruncated) this.#truncated.push(this.nextDocument)
    this.#tokenCounts.push(ids.length)
  }

  /**
   * @param raw What the model gave.
   * @param toUnit Brings it to the range from 0 to 1, for who did not ask for raw scores.
   * @throws InferenceError when it is no number
   */
  protected setScore(document: number, raw: number, toUnit: (raw: number) => number): void {
    if (!Number.isFinite(raw)) {
      const field = `documents[${document}]`
      throw new InferenceError(`The model's output for query and ${field} is not finite.`, { field })
    }
    this.#scores[document] = this.request.options.rawScores ? raw : toUnit(raw)
  }
}
