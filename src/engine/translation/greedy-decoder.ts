import { InferenceError, ModelLoadError } from '../../kernel/errors.ts'
import type { RunCancellation } from '../run-cancellation.ts'
import type { RunItem } from '../run-item.ts'
import type { Session } from '../session.ts'
import { ELEMENT_TYPES } from '../tensor.ts'
import { cacheNames, DecoderState, type CacheNames } from './decoder-state.ts'
import { floatTensor } from './float-tensor.ts'
import type { GenerationConfig } from './generation-config.ts'
import { boolTensor, idTensor, maskTensor } from './id-tensor.ts'
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
  readonly item: RunItem
  readonly index: number
  /** What the decoder has got, without the start token. */
  readonly ids: number[]
  isDone: boolean
}

/** Rows that are done are carried along until they are at least this part of the batch: taking them out copies the rest. */
const WORTH_LEAVING = 0.25

const ENCODER_OUTPUT = 'last_hidden_state'

/**
 * Greedy decoding over a pair of graphs as optimum exports them: an encoder, and a decoder that holds both the first step and
 * the later ones, which read keys and values of the earlier ones from a cache.
 */
export class GreedyDecoder {
  readonly #encoder: Session
  readonly #decoder: Session
  readonly #config: GenerationConfig
  readonly #cacheNames: readonly CacheNames[]

  /** @throws ModelLoadError when the graphs are not such a pair. */
  constructor(encoder: Session, decoder: Session, config: GenerationConfig) {
    this.#encoder = encoder
    this.#decoder = decoder
    this.#config = config
    this.#cacheNames = cacheNames(decoder)
    checkEncoder(encoder)
  }

  /**
   * @param items Either all have a `firstToken` or none has. They are padded to the longest.
   * @param isWanted False as soon as nobody waits for an item any more: its row leaves the batch.
   * @throws OrtError when a step fails or was cancelled; InferenceError when the model gave something else than numbers.
   */
  async run(
    items: readonly RunItem[],
    cancellation: RunCancellation,
    sink: RowSink,
    isWanted: (index: number) => boolean,
  ): Promise<void> {
    const rows = items.map((item, index): ActiveRow => {
      const ids = item.firstToken === undefined ? [] : [item.firstToken]
      return { item, index, ids, isDone: false }
    })
    const length = Math.max(...items.map(({ ids }) => ids.length))
    const state = await this.#encode(rows, length, cancellation)
    try {
      await this.#decode(rows, length, state, cancellation, sink, isWanted)
    } finally {
      state.release()
    }
  }

  async #encode(
    rows: readonly ActiveRow[],
    length: number,
    cancellation: RunCancellation,
  ): Promise<DecoderState> {
    const mask = sourceMask(rows, length)
    const ids = rows.map(({ item }) => item.ids)
    const inputs = { input_ids: idTensor(ids, length, this.#config.padToken), attention_mask: mask }
    const [states] = await this.#encoder.run(inputs, {}, cancellation, [ENCODER_OUTPUT])
    return new DecoderState(
      this.#cacheNames,
      this.#config,
      rows.length,
      states as NonNullable<typeof states>,
      mask,
    )
  }

  async #decode(
    all: readonly ActiveRow[],
    length: number,
    state: DecoderState,
    cancellation: RunCancellation,
    sink: RowSink,
    isWanted: (index: number) => boolean,
  ): Promise<void> {
    const { startToken, vocabularySize } = this.#config
    const promptLength = 1 + (all[0]?.ids.length ?? 0)
    const memory = new ArrayBuffer(
      all.length * promptLength * vocabularySize * Float32Array.BYTES_PER_ELEMENT,
    )
    let rows = all
    for (let isFirst = true; ; isFirst = false) {
      const stepLength = isFirst ? promptLength : 1
      const tokens = rows.map(({ ids }) => (isFirst ? [startToken, ...ids] : ids.slice(-1)))
      const logits = floatTensor([rows.length, stepLength, vocabularySize], memory)
      const inputs = {
        ...state.inputs,
        input_ids: idTensor(tokens, stepLength, this.#config.padToken),
        use_cache_branch: boolTensor(!isFirst),
      }
      const presents = await this.#decoder.run(inputs, { logits }, cancellation, state.presentNames(isFirst))
      state.advance(isFirst, presents)
      for (const [place, row] of rows.entries()) {
        if (row.isDone) continue
        row.isDone = !isWanted(row.index)
        const start = ((place + 1) * stepLength - 1) * vocabularySize
        this.#grow(row, logits.data.subarray(start, start + vocabularySize), promptLength, sink)
      }
      const left = [...rows.keys()].filter((place) => !(rows[place] as ActiveRow).isDone)
      if (left.length === 0) return
      if (left.length > rows.length * (1 - WORTH_LEAVING)) continue
      rows = left.map((place) => rows[place] as ActiveRow)
      state.keepRows(left, sourceMask(rows, length))
    }
  }

  /** Adds the next token to a row and gives the row out when it is complete. */
  #grow(row: ActiveRow, logits: Float32Array, promptLength: number, sink: RowSink): void {
    const { endTokens, maxLength } = this.#config
    const { ids, index } = row
    const token = nextToken(logits, ids, promptLength, this.#config)
    if (token === undefined) throw new InferenceError('The logits of the decoder are not numbers.')
    ids.push(token)
    const isEnded = endTokens.has(token)
    const isFull = ids.length + 1 >= maxLength
    row.isDone ||= isEnded || isFull
    if (!isEnded && !isFull) return
    sink(index, { ids: ids.slice(promptLength - 1, isEnded ? -1 : undefined), isCut: isFull })
  }
}

function sourceMask(rows: readonly ActiveRow[], length: number): ReturnType<typeof maskTensor> {
  return maskTensor(
    rows.map(({ item }) => item.ids),
    length,
  )
}

function checkEncoder({ inputs, outputs }: Session): void {
  const { int64 } = ELEMENT_TYPES
  const isKnown = inputs.every(
    ({ name, elementType }) => ['input_ids', 'attention_mask'].includes(name) && elementType === int64,
  )
  if (isKnown && inputs.length === 2 && outputs.some(({ name }) => name === ENCODER_OUTPUT)) return
  const found = inputs.map(({ name, elementType }) => `${name} (type ${elementType})`).join(', ')
  throw new ModelLoadError(
    `The graph is not that of a translation model's encoder: it wants ${found}; known are input_ids and attention_mask (int64).`,
  )
}
