import koffi from 'koffi'
import type { HandleStack } from './handle-stack.ts'
import { offHeap } from './off-heap.ts'
import type { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'
import { OrtValue } from './ort-value.ts'
import type { TensorView } from './tensor.ts'

/** The tensors of one side of a run as the C API wants them: parallel arrays of names and of values. */
export interface BoundTensors {
  readonly count: number
  readonly names: BigUint64Array<ArrayBuffer>
  readonly values: BigUint64Array
}

/**
 * Makes native values of tensors. They are owned by `handles`, which also keeps the memory alive that they point into. Values
 * that ONNX Runtime has allocated are taken as they are, and stay their owner's.
 *
 * @param unshaped Names at the end whose values ONNX Runtime is to allocate: they are 0 until it has.
 * @param values Where the addresses of the values go: zeros, one for each name. It must not move. @default memory of its own
 */
export function bindTensors(
  api: OrtApi,
  memoryInfo: Pointer,
  tensors: Readonly<Record<string, TensorView | OrtValue>>,
  handles: HandleStack,
  unshaped: readonly string[] = [],
  values: BigUint64Array = offHeap(BigUint64Array, Object.keys(tensors).length + unshaped.length),
): BoundTensors {
  const allNames = [...Object.keys(tensors), ...unshaped]
  handles.keep(values)
  const names = handles.keep(offHeap(BigUint64Array, allNames.length))
  for (const [index, name] of allNames.entries()) names[index] = koffi.address(handles.keep(cString(name)))
  for (const [index, tensor] of Object.values(tensors).entries()) {
    if (tensor instanceof OrtValue) {
      values[index] = tensor.pointer
      continue
    }
    handles.keep(tensor.data)
    values[index] = handles.own(createValue(api, memoryInfo, tensor), (value) =>
      api.release('ReleaseValue', value),
    )
  }
  return { count: allNames.length, names, values }
}

function createValue(api: OrtApi, memoryInfo: Pointer, { data, shape, elementType }: TensorView): Pointer {
  const dimensions = BigInt64Array.from(shape, BigInt)
  return api.pointer(
    'CreateTensorWithDataAsOrtValue',
    memoryInfo,
    data,
    data.byteLength,
    dimensions,
    dimensions.length,
    elementType,
  )
}

/** A NUL-terminated copy that does not move. */
function cString(text: string): Uint8Array<ArrayBuffer> {
  const encoded = new TextEncoder().encode(text)
  const bytes = offHeap(Uint8Array, encoded.length + 1)
  bytes.set(encoded)
  return bytes
}
