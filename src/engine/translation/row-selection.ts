import { isAllocated, type AllocatedTensor, type TensorView } from '../tensor.ts'
import { floatTensor } from './float-tensor.ts'

/** Copies some rows of a float32 tensor, whose first axis is that of the rows. */
export function selectRows(
  tensor: AllocatedTensor | TensorView,
  rows: readonly number[],
): TensorView<Float32Array<ArrayBuffer>> {
  const [, ...shapeOfRow] = tensor.shape
  const source = isAllocated(tensor) ? tensor.float32() : (tensor.data as Float32Array)
  const size = shapeOfRow.reduce((product, axis) => product * axis, 1)
  const selected = floatTensor([rows.length, ...shapeOfRow])
  for (const [to, from] of rows.entries()) {
    selected.data.set(source.subarray(from * size, (from + 1) * size), to * size)
  }
  return selected
}
