import type { NativeTensor, TensorView } from '../tensor.ts'
import { floatTensor } from './float-tensor.ts'

/** Copies some rows of a float32 tensor, whose first axis is that of the rows. */
export function selectRows(
  tensor: NativeTensor,
  rows: readonly number[],
): TensorView<Float32Array<ArrayBuffer>> {
  const [, ...shapeOfRow] = tensor.shape
  const source = tensor.float32()
  const size = shapeOfRow.reduce((product, axis) => product * axis, 1)
  const selected = floatTensor([rows.length, ...shapeOfRow])
  for (const [to, from] of rows.entries()) {
    selected.data.set(source.subarray(from * size, (from + 1) * size), to * size)
  }
  return selected
}
