import { DeadlineExceededError, type LeaseholdError } from '../../../src/index.ts'
import type { EncoderOutput } from '../../../src/engine/encoder.ts'
import { fromWire } from '../../../src/kernel/error-wire.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import type { EmbedReply, EmbedRequest, FromThread } from '../../../src/worker/protocol.ts'
import { EmbedJob, type TextModel } from '../../../src/worker/thread/embed-job.ts'
import { Resident } from '../../../src/worker/thread/resident.ts'

const RUN_MS = 10
const DIMENSIONS = 4

const TEXT_MODEL: TextModel = {
  dimensions: DIMENSIONS,
  config: { pooling: 'cls' },
  encode: (input) => ({ ids: tokensOf(input as string), isTruncated: false }),
  *encodeChunks(input) {
    yield tokensOf(input as string)
  },
}

/** The part of a thread that forms batches and answers, over an engine that computes next to nothing, on a manual clock. */
export class BatchStage {
  readonly clock: ManualClock = new ManualClock()
  /** The texts of each run, as lists of their tokens. */
  readonly runs: string[][] = []
  readonly answers: Map<number, EmbedReply | LeaseholdError> = new Map()
  readonly #resident: Resident<EncoderOutput>
  #lastId = 0

  constructor(options: { maxRuns: number; maxPaddedTokens?: number }) {
    this.#resident = new Resident<EncoderOutput>({
      model: {
        isBatchInvariant: true,
        givesRowsEarly: false,
        createJob: (request, nowMs) => new EmbedJob(request as EmbedRequest, TEXT_MODEL, nowMs),
        run: async (items, _cancellation, sink) => {
          const texts = items.map(({ ids }) => String.fromCharCode(...ids))
          this.runs.push(texts)
          const endsAtMs = this.clock.nowMs() + RUN_MS
          await new Promise<void>((resolve) => this.clock.callAt(endsAtMs, resolve))
          for (const [index, text] of texts.entries())
            sink(index, { values: vectorOf(text), start: 0, size: DIMENSIONS, rows: 1 })
        },
      },
      clock: this.clock,
      budget: { maxPaddedTokens: options.maxPaddedTokens ?? 512, observe: () => {} },
      send: (message) => this.#hear(message),
      onRunsChanged: () => {},
    })
    this.#resident.permits.grant(options.maxRuns)
  }

  /** Answers the id under which the reply comes. */
  request(inputs: readonly string[], deadlineInMs: number = Infinity): number {
    const id = ++this.#lastId
    this.#resident.ask({
      type: 'embed',
      id,
      inputs,
      options: {
        deadlineInMs,
        priority: 1,
        tenant: '',
        weight: 1,
        inputType: 'unspecified',
        truncate: true,
        normalize: false,
        dimensions: undefined,
      },
    })
    return id
  }

  withdraw(id: number): void {
    this.#resident.withdraw(id)
  }

  /** Moves the clock until nothing waits and nothing runs. */
  async untilIdle(): Promise<void> {
    await this.clock.settle()
    while (await this.clock.advanceToNextTimer());
  }

  /** The vectors of an answer, in its order; throws what it failed with. */
  vectorsOf(id: number): Float32Array[] {
    const answer = this.answers.get(id)
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error(`no answer to ${id}`)
    return answer.tokenCounts.map((_, row) => answer.values.slice(row * DIMENSIONS, (row + 1) * DIMENSIONS))
  }

  wasExpired(id: number): boolean {
    return this.answers.get(id) instanceof DeadlineExceededError
  }

  #hear(message: FromThread): void {
    if (message.type !== 'embedded' && message.type !== 'failed') return
    if (this.answers.has(message.id)) throw new Error(`a second answer to ${message.id}`)
    this.answers.set(
      message.id,
      message.type === 'embedded' ? message : (fromWire(message.error) as LeaseholdError),
    )
  }
}

function tokensOf(text: string): Int32Array {
  return Int32Array.from(text, (char) => char.charCodeAt(0))
}

/** What the engine makes of a text, whatever it runs with. */
export function vectorOf(text: string): Float32Array {
  const sum = tokensOf(text).reduce((sum, token, index) => sum + token * (index + 1), 0)
  return Float32Array.of(text.length, sum, sum % 97, 1)
}

/** A text of so many tokens, that no other has. */
export function textOf(name: number, tokens: number): string {
  return `${name}:`.padEnd(tokens, 'x')
}
