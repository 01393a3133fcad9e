/** Numbers that ONNX gives to element types (`ONNXTensorElementDataType`); the ones used here. */
export const ELEMENT_TYPES: Readonly<Record<'float32' | 'int32' | 'int64' | 'bool', number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
}

/** What a session says of one of its inputs or outputs. */
export interface ValueInfo {
  readonly name: string
  /** An `ONNXTensorElementDataType`; 0 where the value is no tensor. */
  readonly elementType: number
  /** Sizes of the axes; undefined where the graph leaves one open, as it does for batch and length. */
  readonly shape: readonly (number | undefined)[]
}

/** A tensor in memory of ours, which must not move: a view on an `ArrayBuffer` of the size that `shape` asks for. */
export interface TensorView<Data extends ArrayBufferView<ArrayBuffer> = ArrayBufferView<ArrayBuffer>> {
  readonly data: Data
  readonly elementType: number
  readonly shape: readonly number[]
}

/**
 * A tensor as the library that runs graphs has it: one that a run has allocated, since its shape was not known before, or one
 * over memory of ours. It goes into any number of runs as it is. Its owner calls `release()` when the last of them has ended.
 */
export interface NativeTensor {
  readonly shape: readonly number[]
  /** The elements of a float32 tensor where they are: to be read before `release()` and not kept. */
  float32(): Float32Array<ArrayBuffer>
  /** Idempotent. Memory of ours stays. */
  release(): void
}

export function isNative(tensor: TensorView | NativeTensor): tensor is NativeTensor {
  return 'release' in tensor
}
