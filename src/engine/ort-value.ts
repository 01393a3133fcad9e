import koffi from 'koffi'
import type { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'
import { readTypeAndShape } from './ort-value-info.ts'

/**
 * A tensor in memory of ONNX Runtime: the output of a run whose shape was not known before. It can go into another run as it
 * is, without being copied. Its owner calls `release()` when the last run that takes it has ended.
 */
export class OrtValue {
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

  /** The elements of a float32 tensor where they are: to be read before `release()` and not kept. */
  float32(): Float32Array<ArrayBuffer> {
    if (this.#isReleased) throw new Error('The value is released.')
    const length = this.shape.reduce((product, axis) => product * axis, 1)
    if (length === 0) return new Float32Array(0)
    const data = this.#api.pointer('GetTensorMutableData', this.pointer)
    return new Float32Array(koffi.view(data, length * Float32Array.BYTES_PER_ELEMENT))
  }

  /** Idempotent. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#api.release('ReleaseValue', this.pointer)
  }
}
