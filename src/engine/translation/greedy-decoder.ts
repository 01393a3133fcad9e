import { ModelLoadError } from '../../kernel/errors.ts'
import { HandleStack } from '../handle-stack.ts'
import type { RunCancellation } from '../run-cancellation.ts'
import type { RunItem } from '../run-item.ts'
import type { Session } from '../session.ts'
import { ELEMENT_TYPES, type NativeTensor } from '../tensor.ts'
import { decoderCache, type DecoderCache } from './decoder-cache.ts'
import { DecoderState } from './decoder-state.ts'
import type { GenerationConfig } from './generation-config.ts'
import { idTensor, maskTensor } from './id-tensor.ts'
import { StepTensors } from './step-tensors.ts'
import { TargetRows, type RowSink } from './target-rows.ts'

const ENCODER_OUTPUT = 'last_hidden_state'

/**
 * Greedy decoding over a pair of graphs as optimum exports them: an encoder, and a decoder that holds both the first step and
 * the later ones, which read keys and values of the earlier ones from a cache.
 */
export class GreedyDecoder {
  readonly #encoder: Session
  readonly #decoder: Session
  readonly #config: GenerationConfig
  readonly #cache: DecoderCache

  /** @throws ModelLoadError when the graphs are not such a pair. */
  constructor(encoder: Session, decoder: Session, config: GenerationConfig) {
    this.#encoder = encoder
    this.#decoder = decoder
    this.#config = config
    this.#cache = decoderCache(decoder)
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
    const rows = new TargetRows(items, this.#config, sink, isWanted)
    const handles = new HandleStack()
    try {
      const state = handles.own(await this.#encode(rows.sources, cancellation), (state) => state.release())
      const step = handles.own(
        new StepTensors(this.#decoder, this.#config, items.length, rows.promptLength),
        (step) => step.release(),
      )
      await this.#decode(rows, state, step, cancellation)
    } finally {
      handles.release()
    }
  }

  async #encode(sources: readonly Int32Array[], cancellation: RunCancellation): Promise<DecoderState> {
    const length = Math.max(...sources.map((ids) => ids.length))
    const mask = maskTensor(sources, length)
    const inputs = { input_ids: idTensor(sources, length, this.#config.padToken), attention_mask: mask }
    const [states] = await this.#encoder.run(inputs, {}, cancellation, [ENCODER_OUTPUT])
    return new DecoderState(this.#decoder, this.#cache, this.#config, states as NativeTensor, mask)
  }

  async #decode(
    rows: TargetRows,
    state: DecoderState,
    step: StepTensors,
    cancellation: RunCancellation,
  ): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      const made = isFirst ? this.#cache.first : this.#cache.later
      step.begin(rows.nextTokens, !isFirst)
      const inputs = { ...state.inputs, ...step.inputs }
      state.advance(made, await this.#decoder.run(inputs, step.outputs, cancellation, made.presents))
      rows.grow((place) => step.logitsOf(place))
      if (rows.areDone) return
      const left = rows.leave()
      if (left !== undefined) state.keepRows(left, maskTensor(rows.sources, state.sourceLength))
    }
  }
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
