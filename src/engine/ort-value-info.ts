import koffi from 'koffi'
import { offHeap } from './off-heap.ts'
import type { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'
import type { ValueInfo } from './tensor.ts'

/** All inputs or all outputs of a session, in the order of the graph. */
export function describeValues(api: OrtApi, session: Pointer, side: 'Input' | 'Output'): ValueInfo[] {
  const count = api.size(`SessionGet${side}Count`, session)
  return Array.from({ length: count }, (_, index) => ({
    name: valueName(api, session, side, index),
    ...valueType(api, session, side, index),
  }))
}

function valueName(api: OrtApi, session: Pointer, side: 'Input' | 'Output', index: number): string {
  const allocator = api.pointer('GetAllocatorWithDefaultOptions')
  const text = api.pointer(`SessionGet${side}Name`, session, index, allocator)
  try {
    return koffi.decode.string(text)
  } finally {
    api.call('AllocatorFree', allocator, text)
  }
}

function valueType(
  api: OrtApi,
  session: Pointer,
  side: 'Input' | 'Output',
  index: number,
): Omit<ValueInfo, 'name'> {
  const typeInfo = api.pointer(`SessionGet${side}TypeInfo`, session, index)
  try {
    // This one belongs to `typeInfo` and is NULL where the value is a sequence or a map.
    const tensorInfo = api.pointer('CastTypeInfoToTensorInfo', typeInfo)
    if (tensorInfo === 0n) return { elementType: 0, shape: [] }
    const { elementType, shape } = readTypeAndShape(api, tensorInfo)
    return { elementType, shape: shape.map((size) => (size < 0 ? undefined : size)) }
  } finally {
    api.release('ReleaseTypeInfo', typeInfo)
  }
}

/** Element type and sizes of the axes of an `OrtTensorTypeAndShapeInfo`; -1 where an axis is open. */
export function readTypeAndShape(
  api: OrtApi,
  tensorInfo: Pointer,
): { readonly elementType: number; readonly shape: readonly number[] } {
  const elementType = offHeap(Int32Array, 1)
  api.call('GetTensorElementType', tensorInfo, elementType)
  const rank = api.size('GetDimensionsCount', tensorInfo)
  const dimensions = offHeap(BigInt64Array, rank)
  if (rank > 0) api.call('GetDimensions', tensorInfo, dimensions, rank)
  return { elementType: elementType[0] as number, shape: Array.from(dimensions, Number) }
}
