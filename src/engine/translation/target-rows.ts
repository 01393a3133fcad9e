import { InferenceError } from '../../kernel/errors.ts'
import type { RunItem } from '../run-item.ts'
import type { GenerationConfig } from './generation-config.ts'
import { nextToken } from './token-choice.ts'

export interface TargetRow {
  /** Without the start, the first token that was asked for, and the end. */
  readonly ids: readonly number[]
  /** The output came to the model's limit before it ended by itself. */
  readonly isCut: boolean
}

/** Receives the output of one text of a batch as soon as it is complete. */
export type RowSink = (index: number, row: TargetRow) => void

interface ActiveRow {
  /** In the batch. */
  readonly index: number
  readonly source: Int32Array
  /** What the decoder has got, without the start token. */
  readonly ids: number[]
  isDone: boolean
}

/** Rows that are done are carried along until they are at least this part of the batch: taking them out copies the rest. */
const WORTH_LEAVING = 0.25

/** The texts of a batch while they are written, one token of each at a time. */
export class TargetRows {
  /** Tokens that the decoder is started with, the start token counted. */
  readonly promptLength: number
  readonly #config: GenerationConfig
  readonly #sink: RowSink
  readonly #isWanted: (index: number) => boolean
  #rows: readonly ActiveRow[]
  #hasBegun = false

  /**
   * @param items Either all have a `firstToken` or none has.
   * @param isWanted False as soon as nobody waits for an item any more: its row leaves the batch.
   */
  constructor(
    items: readonly RunItem[],
    config: GenerationConfig,
    sink: RowSink,
    isWanted: (index: number) => boolean,
  ) {
    this.#config = config
    this.#sink = sink
    this.#isWanted = isWanted
    this.#rows = items.map(({ ids: source, firstToken }, index) => {
      const ids = firstToken === undefined ? [] : [firstToken]
      return { index, source, ids, isDone: false }
    })
    this.promptLength = 1 + (this.#rows[0]?.ids.length ?? 0)
  }

  get areDone(): boolean {
    return this.#rows.every(({ isDone }) => isDone)
  }

  /** Of the rows that are left, in their order. */
  get sources(): readonly Int32Array[] {
    return this.#rows.map(({ source }) => source)
  }

  /** What the next step takes: the prompt, and then the token that was chosen last. */
  get nextTokens(): readonly (readonly number[])[] {
    return this.#rows.map(({ ids }) => (this.#hasBegun ? ids.slice(-1) : [this.#config.startToken, ...ids]))
  }

  /**
   * Adds a token to each row, and gives out those that are complete.
   * @param logitsOf Those of the row at a place.
   * @throws InferenceError when they are not numbers.
   */
  grow(logitsOf: (place: number) => Float32Array): void {
    this.#hasBegun = true
    for (const [place, row] of this.#rows.entries()) {
      if (row.isDone) continue
      row.isDone = !this.#isWanted(row.index)
      this.#growOne(row, logitsOf(place))
    }
  }

  /**
   * Lets rows leave that are done, if that is worth it.
   * @returns The places of those that stay, or undefined when all do.
   */
  leave(): readonly number[] | undefined {
    const left = [...this.#rows.keys()].filter((place) => this.#rows[place]?.isDone === false)
    if (left.length > this.#rows.length * (1 - WORTH_LEAVING)) return undefined
    this.#rows = left.map((place) => this.#rows[place] as ActiveRow)
    return left
  }

  #growOne(row: ActiveRow, logits: Float32Array): void {
    const { endTokens, maxLength } = this.#config
    const { ids, index } = row
    const token = nextToken(logits, ids, this.promptLength, this.#config)
    if (token === undefined) throw new InferenceError('The logits of the decoder are not numbers.')
    ids.push(token)
    const isEnded = endTokens.has(token)
    const isFull = ids.length + 1 >= maxLength
    row.isDone ||= isEnded || isFull
    if (!isEnded && !isFull) return
    this.#sink(index, { ids: ids.slice(this.promptLength - 1, isEnded ? -1 : undefined), isCut: isFull })
  }
}
