import type { NamedTensors, Session } from '../session.ts'
import type { NativeTensor, TensorView } from '../tensor.ts'
import { ENCODER_MASK, ENCODER_STATES, type CacheStep, type DecoderCache } from './decoder-cache.ts'
import { floatTensor } from './float-tensor.ts'
import type { GenerationConfig } from './generation-config.ts'
import { selectRows } from './row-selection.ts'

/**
 * What a batch carries from one step of the decoder to the next: the encoder's output and the keys and values of attention.
 * They stay where ONNX Runtime has put them, but for the moment in which rows leave.
 */
export class DecoderState {
  /** Tokens that the source is padded to. */
  readonly sourceLength: number
  readonly #session: Session
  /** By the names of the decoder's inputs. */
  readonly #tensors: Record<string, NativeTensor> = {}

  /**
   * @param encoderStates Taken over.
   * @param sourceMask 1 for each token of the source, 0 for padding.
   */
  constructor(
    session: Session,
    cache: DecoderCache,
    { heads, headSize }: GenerationConfig,
    encoderStates: NativeTensor,
    sourceMask: TensorView,
  ) {
    this.#session = session
    const [rows, length] = sourceMask.shape as [number, number]
    this.sourceLength = length
    this.#tensors[ENCODER_STATES] = encoderStates
    this.#tensors[ENCODER_MASK] = session.adopt(sourceMask)
    const nothing = floatTensor([rows, heads, 0, headSize])
    for (const past of cache.first.pasts) this.#tensors[past] = session.adopt(nothing)
  }

  /** Inputs of the next step, but for its tokens. */
  get inputs(): NamedTensors {
    return this.#tensors
  }

  /** Takes over what a step has made: a tensor for each of its `presents`. */
  advance({ pasts }: CacheStep, presents: readonly NativeTensor[]): void {
    for (const [index, past] of pasts.entries()) this.#set(past, presents[index] as NativeTensor)
  }

  /** Drops the rows that are not among `rows`. */
  keepRows(rows: readonly number[], sourceMask: TensorView): void {
    for (const [name, tensor] of Object.entries(this.#tensors)) {
      this.#set(name, this.#session.adopt(name === ENCODER_MASK ? sourceMask : selectRows(tensor, rows)))
    }
  }

  release(): void {
    for (const tensor of Object.values(this.#tensors)) tensor.release()
  }

  #set(name: string, tensor: NativeTensor): void {
    this.#tensors[name]?.release()
    this.#tensors[name] = tensor
  }
}
