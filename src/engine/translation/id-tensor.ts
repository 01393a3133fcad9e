import { offHeap } from '../off-heap.ts'
import { ELEMENT_TYPES, type TensorView } from '../tensor.ts'

/** A 64-bit integer is written as its low word: no BigInt per token. (ONNX Runtime has little-endian platforms only.) */
const WORDS = 2

/** Rows of ids as the tensor `[rows, length]` of int64, filled up at the end with `padding`. */
export function idTensor(
  rows: readonly ArrayLike<number>[],
  length: number,
  padding: number,
): TensorView<Int32Array<ArrayBuffer>> {
  const data = offHeap<Int32Array<ArrayBuffer>>(Int32Array, rows.length * length * WORDS)
  fillIds(data, rows, length, padding)
  return { data, elementType: ELEMENT_TYPES.int64, shape: [rows.length, length] }
}

/** @param data Of a tensor that `idTensor` has made for as many rows and the same length. */
export function fillIds(
  data: Int32Array,
  rows: readonly ArrayLike<number>[],
  length: number,
  padding: number,
): void {
  for (const [row, ids] of rows.entries()) {
    for (let i = 0; i < length; i++) data[(row * length + i) * WORDS] = ids[i] ?? padding
  }
}

/** 1 for each id of a row and 0 beyond its end. */
export function maskTensor(
  rows: readonly ArrayLike<number>[],
  length: number,
): TensorView<Int32Array<ArrayBuffer>> {
  return idTensor(
    rows.map((ids) => new Uint8Array(ids.length).fill(1)),
    length,
    0,
  )
}

export function boolTensor(value: boolean): TensorView<Uint8Array<ArrayBuffer>> {
  const data = offHeap<Uint8Array<ArrayBuffer>>(Uint8Array, 1)
  data[0] = Number(value)
  return { data, elementType: ELEMENT_TYPES.bool, shape: [1] }
}
