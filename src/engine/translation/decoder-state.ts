import { ModelLoadError } from '../../kernel/errors.ts'
import type { Session } from '../session.ts'
import { isAllocated, type AllocatedTensor, type TensorView, type ValueInfo } from '../tensor.ts'
import type { GenerationConfig } from './generation-config.ts'
import { floatTensor } from './float-tensor.ts'
import { selectRows } from './row-selection.ts'

type Tensor = AllocatedTensor | TensorView

/** Names of the inputs of a merged decoder that stay the same from step to step. */
const ENCODER_MASK = 'encoder_attention_mask'
const ENCODER_STATES = 'encoder_hidden_states'

/** How the keys and values of attention are called on the way in and on the way out. */
export interface CacheNames {
  readonly past: string
  readonly present: string
  /** Of the attention to the source: made by the first step, and the same in all later ones. */
  readonly isOfSource: boolean
}

/** The names in a merged decoder's graph, `past_key_values.0.decoder.key` and so on. @throws ModelLoadError */
export function cacheNames(session: Session): CacheNames[] {
  const outputs = new Set(session.outputs.map((output) => output.name))
  const names = session.inputs
    .filter(({ name }) => name.startsWith('past_key_values.'))
    .map(({ name }) => ({
      past: name,
      present: name.replace('past_key_values', 'present'),
      isOfSource: name.includes('.encoder.'),
    }))
  const lacking = names.find(({ present }) => !outputs.has(present))
  if (lacking !== undefined)
    throw new ModelLoadError(`The decoder takes ${lacking.past} and gives no ${lacking.present}.`)
  const inputs = new Set(session.inputs.map((input) => input.name))
  const wanted = ['input_ids', ENCODER_MASK, ENCODER_STATES, 'use_cache_branch']
  const absent = wanted.filter((name) => !inputs.has(name))
  if (names.length > 0 && absent.length === 0 && outputs.has('logits')) return names
  throw new ModelLoadError(
    `The graph is not a merged decoder with a key-value cache: it takes ${describe(session.inputs)} and gives ` +
      `${describe(session.outputs)}. Export the model with optimum, task text2text-generation-with-past.`,
  )
}

function describe(values: readonly ValueInfo[]): string {
  return values.map(({ name }) => name).join(', ')
}

/**
 * What a batch carries from one step of the decoder to the next: the encoder's output and the keys and values of attention.
 * They stay where ONNX Runtime has put them, but for the moment in which rows leave.
 */
export class DecoderState {
  readonly #names: readonly CacheNames[]
  readonly #tensors = new Map<string, Tensor>()
  #sourceMask: TensorView

  /** Takes `encoderStates` over. `sourceMask`: 1 for each token of the source, 0 for padding. */
  constructor(
    names: readonly CacheNames[],
    config: GenerationConfig,
    rows: number,
    encoderStates: AllocatedTensor,
    sourceMask: TensorView,
  ) {
    this.#names = names
    this.#sourceMask = sourceMask
    this.#tensors.set(ENCODER_STATES, encoderStates)
    const nothing = floatTensor([rows, config.heads, 0, config.headSize])
    for (const { past } of names) this.#tensors.set(past, nothing)
  }

  /** Inputs of the next step, but for its tokens. */
  get inputs(): Readonly<Record<string, Tensor>> {
    return { ...Object.fromEntries(this.#tensors), [ENCODER_MASK]: this.#sourceMask }
  }

  /** Names of the outputs that the next step is to give to `advance`. */
  presentNames(isFirst: boolean): string[] {
    return this.#ofStep(isFirst).map(({ present }) => present)
  }

  /** Takes over what a step has made. */
  advance(isFirst: boolean, presents: readonly AllocatedTensor[]): void {
    for (const [index, { past }] of this.#ofStep(isFirst).entries())
      this.#set(past, presents[index] as AllocatedTensor)
  }

  /** Drops the rows that are not among `rows`. */
  keepRows(rows: readonly number[], sourceMask: TensorView): void {
    this.#sourceMask = sourceMask
    for (const [name, tensor] of this.#tensors) this.#set(name, selectRows(tensor, rows))
  }

  release(): void {
    for (const tensor of this.#tensors.values()) if (isAllocated(tensor)) tensor.release()
    this.#tensors.clear()
  }

  /** With a cache the graph gives nothing of use for the source: it reads what is there. */
  #ofStep(isFirst: boolean): readonly CacheNames[] {
    return isFirst ? this.#names : this.#names.filter(({ isOfSource }) => !isOfSource)
  }

  #set(name: string, tensor: Tensor): void {
    const old = this.#tensors.get(name)
    this.#tensors.set(name, tensor)
    if (old !== undefined && isAllocated(old)) old.release()
  }
}
