import { offHeap } from './off-heap.ts'
import type { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'

/** So many tensors have room at first. */
const FIRST_ROOM = 16

/**
 * One side of a run as the C API wants it: the names of the tensors and the native values, as parallel arrays of addresses. They
 * serve one run after the other, and do not move while one goes on.
 */
export class RunSide {
  #names = offHeap(BigUint64Array, FIRST_ROOM)
  #ownValues = offHeap(BigUint64Array, FIRST_ROOM)
  #values: BigUint64Array = this.#ownValues
  #count = 0

  get names(): BigUint64Array {
    return this.#names
  }

  get values(): BigUint64Array {
    return this.#values
  }

  get count(): number {
    return this.#count
  }

  /** @param values Where the addresses of the values are to stand. @default memory of its own */
  begin(count: number, values?: BigUint64Array): void {
    if (count > this.#names.length) {
      this.#names = offHeap(BigUint64Array, count)
      this.#ownValues = offHeap(BigUint64Array, count)
    }
    this.#values = values ?? this.#ownValues
    this.#count = 0
  }

  /** @param value 0 for one that ONNX Runtime is to allocate. */
  add(name: Pointer, value: Pointer): void {
    this.#names[this.#count] = name
    this.#values[this.#count++] = value
  }
}

/** What a run needs beside its tensors. It is kept for the next one: a step of a decoder takes a fraction of a millisecond. */
export class RunFrame {
  readonly inputs: RunSide = new RunSide()
  readonly outputs: RunSide = new RunSide()
  readonly options: Pointer
  readonly #api: OrtApi
  #isStopped = false

  constructor(api: OrtApi) {
    this.#api = api
    this.options = api.pointer('CreateRunOptions')
  }

  /** It stopped a run, and would stop every later one. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Ends the run that it is in, or the next. */
  stop(): void {
    this.#isStopped = true
    this.#api.call('RunOptionsSetTerminate', this.options)
  }

  release(): void {
    this.#api.release('ReleaseRunOptions', this.options)
  }
}
