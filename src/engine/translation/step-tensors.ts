import type { NamedTensors, Session } from '../session.ts'
import { floatTensor } from './float-tensor.ts'
import type { GenerationConfig } from './generation-config.ts'
import { boolTensor, fillIds, idTensor } from './id-tensor.ts'

/** For steps of one shape: so many rows of so many tokens. */
interface ShapedTensors {
  readonly rows: number
  readonly length: number
  readonly ids: Int32Array
  readonly usesCache: Uint8Array
  readonly logits: Float32Array
  readonly inputs: NamedTensors
  readonly outputs: NamedTensors
  release(): void
}

/**
 * What a step of the decoder takes and gives beside its cache: tokens in, logits out. Steps of the same shape use the same
 * memory, which the session knows already, so that nothing has to be made for a step.
 */
export class StepTensors {
  readonly #session: Session
  readonly #config: GenerationConfig
  readonly #logitsMemory: ArrayBuffer
  #tensors: ShapedTensors

  /** @param rows The most of a step, @param length and of its tokens for each. */
  constructor(session: Session, config: GenerationConfig, rows: number, length: number) {
    this.#session = session
    this.#config = config
    this.#logitsMemory = new ArrayBuffer(
      rows * length * config.vocabularySize * Float32Array.BYTES_PER_ELEMENT,
    )
    this.#tensors = this.#make(rows, length)
  }

  get inputs(): NamedTensors {
    return this.#tensors.inputs
  }

  get outputs(): NamedTensors {
    return this.#tensors.outputs
  }

  /** @param tokens Of each row the same number. */
  begin(tokens: readonly (readonly number[])[], usesCache: boolean): void {
    const length = tokens[0]?.length as number
    if (tokens.length !== this.#tensors.rows || length !== this.#tensors.length) {
      this.#tensors.release()
      this.#tensors = this.#make(tokens.length, length)
    }
    fillIds(this.#tensors.ids, tokens, length, this.#config.padToken)
    this.#tensors.usesCache[0] = Number(usesCache)
  }

  /** What the step has given for the token that follows in a row. Valid until the next step. */
  logitsOf(row: number): Float32Array {
    const { logits, length } = this.#tensors
    const end = (row + 1) * length * this.#config.vocabularySize
    return logits.subarray(end - this.#config.vocabularySize, end)
  }

  release(): void {
    this.#tensors.release()
  }

  #make(rows: number, length: number): ShapedTensors {
    const { padToken, vocabularySize } = this.#config
    const ids = idTensor(
      Array.from({ length: rows }, () => []),
      length,
      padToken,
    )
    const usesCache = boolTensor(false)
    const logits = floatTensor([rows, length, vocabularySize], this.#logitsMemory)
    const inputs = { input_ids: this.#session.adopt(ids), use_cache_branch: this.#session.adopt(usesCache) }
    const outputs = { logits: this.#session.adopt(logits) }
    return {
      rows,
      length,
      ids: ids.data,
      usesCache: usesCache.data,
      logits: logits.data,
      inputs,
      outputs,
      release() {
        for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.release()
      },
    }
  }
}
