import koffi from 'koffi'
import type { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'
import { readTypeAndShape } from './ort-value-info.ts'
import type { NativeTensor, TensorView } from './tensor.ts'
import type { Slots } from './value-slots.ts'

/** A tensor as ONNX Runtime has it. It goes into runs without being copied. */
export abstract class OrtValue implements NativeTensor {
  readonly pointer: Pointer
  protected readonly api: OrtApi
  #isReleased = false

  constructor(api: OrtApi, pointer: Pointer) {
    this.api = api
    this.pointer = pointer
  }

  abstract readonly shape: readonly number[]
  protected abstract readonly floats: Float32Array<ArrayBuffer>

  float32(): Float32Array<ArrayBuffer> {
    if (this.#isReleased) throw new Error('The value is released.')
    return this.floats
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.forget()
    this.api.release('ReleaseValue', this.pointer)
  }

  /** Called before the native value is released. */
  protected forget(): void {}
}

/** In memory that a run has allocated. */
export class AllocatedValue extends OrtValue {
  readonly #slots: Slots
  readonly #index: number

  /** Takes over the native value whose address is in the slot. */
  constructor(api: OrtApi, slots: Slots, index: number) {
    super(api, slots.addresses[index] as Pointer)
    this.#slots = slots
    this.#index = index
  }

  /** Asked for rarely: most values go from one run into the next. */
  get shape(): readonly number[] {
    const info = this.api.pointer('GetTensorTypeAndShape', this.pointer)
    try {
      return readTypeAndShape(this.api, info).shape
    } finally {
      this.api.release('ReleaseTensorTypeAndShapeInfo', info)
    }
  }

  protected get floats(): Float32Array<ArrayBuffer> {
    const length = this.shape.reduce((product, axis) => product * axis, 1)
    if (length === 0) return new Float32Array(0)
    const data = this.api.pointer('GetTensorMutableData', this.pointer)
    return new Float32Array(koffi.view(data, length * Float32Array.BYTES_PER_ELEMENT))
  }

  protected override forget(): void {
    // First: released twice would be a crash, and released never is a leak, if the thread is ended in between.
    this.#slots.give(this.#index)
  }
}

/** In memory of ours. */
export class ViewValue extends OrtValue {
  readonly #view: TensorView

  constructor(api: OrtApi, memoryInfo: Pointer, view: TensorView) {
    const { data, shape, elementType } = view
    const dimensions = BigInt64Array.from(shape, BigInt)
    const pointer = api.pointer(
      'CreateTensorWithDataAsOrtValue',
      memoryInfo,
      data,
      data.byteLength,
      dimensions,
      dimensions.length,
      elementType,
    )
    super(api, pointer)
    this.#view = view
  }

  get shape(): readonly number[] {
    return this.#view.shape
  }

  protected get floats(): Float32Array<ArrayBuffer> {
    return this.#view.data as Float32Array<ArrayBuffer>
  }
}
