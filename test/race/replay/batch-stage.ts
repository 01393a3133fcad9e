import { DeadlineExceededError, type LeaseholdError } from '../../../src/index.ts'
import { fromWire } from '../../../src/kernel/error-wire.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import type { EmbedReply, FromThread } from '../../../src/worker/protocol.ts'
import { Resident } from '../../../src/worker/thread/resident.ts'

const RUN_MS = 10
const DIMENSIONS = 4

/** The part of a thread that forms batches and answers, over an engine that computes next to nothing, on a manual clock. */
export class BatchStage {
  readonly clock: ManualClock = new ManualClock()
  /** The texts of each run, as lists of their tokens. */
  readonly runs: string[][] = []
  readonly answers: Map<number, EmbedReply | LeaseholdError> = new Map()
  readonly #resident: Resident
  #lastId = 0

  constructor(options: { maxRuns: number; maxPaddedTokens?: number }) {
    this.#resident = new Resident({
      engine: {
        dimensions: DIMENSIONS,
        encode: (input) => ({ ids: tokensOf(input as string), isTruncated: false }),
        run: async (texts, _cancellation, sink) => {
          this.runs.push(texts.map((ids) => String.fromCharCode(...ids)))
          const endsAtMs = this.clock.nowMs() + RUN_MS
          await new Promise<void>((resolve) => this.clock.callAt(endsAtMs, resolve))
          for (const [index, ids] of texts.entries()) sink(index, vectorOf(String.fromCharCode(...ids)))
        },
      },
      clock: this.clock,
      maxRuns: options.maxRuns,
      batchLimits: { maxPaddedTokens: options.maxPaddedTokens ?? 512, maxTexts: Infinity },
      send: (message) => this.#hear(message),
      onRunsChanged: () => {},
    })
  }

  /** Answers the id under which the reply comes. */
  request(inputs: readonly string[], deadlineInMs: number = Infinity): number {
    const id = ++this.#lastId
    this.#resident.embed({
      type: 'embed',
      id,
      inputs,
      options: {
        deadlineInMs,
        priority: 1,
        tenant: '',
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
