import { ELEMENT_TYPES, type TensorView } from '../tensor.ts'

/** One element: an address is needed even where there is nothing to be read. */
const LEAST_BYTES = Float32Array.BYTES_PER_ELEMENT

/** @param memory What to use if it is large enough; its content stays. */
export function floatTensor(
  shape: readonly number[],
  memory: ArrayBuffer = new ArrayBuffer(Math.max(LEAST_BYTES, bytesOf(shape))),
): TensorView<Float32Array<ArrayBuffer>> {
  const data = new Float32Array(memory, 0, bytesOf(shape) / Float32Array.BYTES_PER_ELEMENT)
  return { data, elementType: ELEMENT_TYPES.float32, shape }
}

function bytesOf(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, Float32Array.BYTES_PER_ELEMENT)
}
