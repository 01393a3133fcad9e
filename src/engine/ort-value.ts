import koffi from 'koffi'
import type { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'
import { readTypeAndShape } from './ort-value-info.ts'
import type { AllocatedTensor } from './tensor.ts'

/** A tensor in memory of ONNX Runtime. It goes into another run without being copied. */
export class OrtValue implements AllocatedTensor {
  readonly pointer: Pointer
  readonly elementType: number
  readonly shape: readonly number[]
  readonly #api: OrtApi
  #isReleased = false

  /** Takes the native value over. */
  constructor(api: OrtApi, pointer: Pointer) {
    this.#api = api
    this.pointer = pointer
    const info = api.pointer('GetTensorTypeAndShape', pointer)
    try {
      const { elementType, shape } = readTypeAndShape(api, info)
      this.elementType = elementType
      this.shape = shape
    } finally {
      api.release('ReleaseTensorTypeAndShapeInfo', info)
    }
  }

  float32(): Float32Array<ArrayBuffer> {
    if (this.#isReleased) throw new Error('The value is released.')
    const length = this.shape.reduce((product, axis) => product * axis, 1)
    if (length === 0) return new Float32Array(0)
    const data = this.#api.pointer('GetTensorMutableData', this.pointer)
    return new Float32Array(koffi.view(data, length * Float32Array.BYTES_PER_ELEMENT))
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#api.release('ReleaseValue', this.pointer)
  }
}
