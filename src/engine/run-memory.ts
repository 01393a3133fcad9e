import type { RunItem } from './run-item.ts'
import { ELEMENT_TYPES, type TensorView, type ValueInfo } from './tensor.ts'

/** What each input of a text encoder holds for token `position` of an item; padding beyond its end is 0 everywhere. */
const TOKEN_VALUES: Readonly<Record<string, (item: RunItem, position: number) => number>> = {
  input_ids: ({ ids }, position) => ids[position] as number,
  attention_mask: () => 1,
  token_type_ids: ({ secondFrom = Infinity }, position) => (position < secondFrom ? 0 : 1),
  position_ids: (_, position) => position,
}

/** Whether it is known what to put into an input of this name and type. */
export function canFill(input: ValueInfo): boolean {
  const { int32, int64 } = ELEMENT_TYPES
  return input.name in TOKEN_VALUES && (input.elementType === int64 || input.elementType === int32)
}

/**
 * The memory of one run: kept from run to run, so that a steady load allocates nothing per token. It never moves, since
 * native code writes into it.
 */
export class RunMemory {
  readonly #inputs = new Map<string, ArrayBuffer>()
  #output = new ArrayBuffer(0)

  /** The items as the tensor `[items, length]` of one input, padded at the end. `length` is that of the longest. */
  fillInput(input: ValueInfo, items: readonly RunItem[], length: number): TensorView {
    const valueOf = TOKEN_VALUES[input.name] as (item: RunItem, position: number) => number
    // A 64-bit integer is written as its low word: no BigInt per token. (ONNX Runtime has little-endian platforms only.)
    const words = input.elementType === ELEMENT_TYPES.int64 ? 2 : 1
    const size = items.length * length * words
    const buffer = atLeast(this.#inputs.get(input.name), size * Int32Array.BYTES_PER_ELEMENT)
    this.#inputs.set(input.name, buffer)
    const data = new Int32Array(buffer, 0, size)
    data.fill(0)
    for (const [row, item] of items.entries()) {
      const start = row * length
      for (let i = 0; i < item.ids.length; i++) data[(start + i) * words] = valueOf(item, i)
    }
    return { data, elementType: input.elementType, shape: [items.length, length] }
  }

  /** Room for a float32 tensor; what it holds is left over from an earlier run. */
  output(shape: readonly number[]): TensorView<Float32Array<ArrayBuffer>> {
    const size = shape.reduce((product, axis) => product * axis, 1)
    this.#output = atLeast(this.#output, size * Float32Array.BYTES_PER_ELEMENT)
    return { data: new Float32Array(this.#output, 0, size), elementType: ELEMENT_TYPES.float32, shape }
  }
}

function atLeast(buffer: ArrayBuffer | undefined, bytes: number): ArrayBuffer {
  if (buffer !== undefined && buffer.byteLength >= bytes) return buffer
  return new ArrayBuffer(2 ** Math.ceil(Math.log2(bytes)))
}
