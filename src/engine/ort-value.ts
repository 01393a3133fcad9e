import koffi from 'koffi'
import type { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'
import { readTypeAndShape } from './ort-value-info.ts'
import type { AllocatedTensor } from './tensor.ts'
import type { Slots } from './value-slots.ts'

/** A tensor in memory of ONNX Runtime. It goes into another run without being copied. */
export class OrtValue implements AllocatedTensor {
  readonly pointer: Pointer
  readonly elementType: number
  readonly shape: readonly number[]
  readonly #api: OrtApi
  readonly #slots: Slots
  readonly #index: number
  #isReleased = false

  /** Takes over the native value whose address is in the slot. */
  constructor(api: OrtApi, slots: Slots, index: number) {
    this.#api = api
    this.#slots = slots
    this.#index = index
    this.pointer = slots.addresses[index] as Pointer
    const info = api.pointer('GetTensorTypeAndShape', this.pointer)
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
    // First: released twice would be a crash, and released never is a leak, if the thread is ended in between.
    this.#slots.addresses[this.#index] = 0n
    this.#api.release('ReleaseValue', this.pointer)
    this.#slots.give(this.#index)
  }
}
