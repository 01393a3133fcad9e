import koffi from 'koffi'
import { offHeap } from './off-heap.ts'
import {
  GET_ERROR_MESSAGE,
  GET_KEY_VALUE,
  RELEASE_FUNCTIONS,
  STATUS_FUNCTIONS,
  type ReleaseFunction,
  type StatusFunction,
} from './ort-functions.ts'
import { findOrtLibrary, loadOrtTable, type NativeFunction, type Pointer } from './ort-library.ts'
import { OrtError } from './session.ts'

/** Calls of this thread that are on the pool of libuv. */
let callsInFlight = 0

/**
 * Gives the stacks back that koffi has kept for calls on the pool; they stay behind when the thread ends. To be called as the last
 * thing in a thread: there is no calling anything afterwards. While a call goes on it does nothing.
 */
export function releaseCallStacks(): void {
  if (callsInFlight === 0) koffi.reset()
}

/** ONNX Runtime's C API with every status checked. One per thread: koffi's functions belong to the thread. */
export class OrtApi {
  readonly version: string
  readonly #functions: Record<StatusFunction | ReleaseFunction, NativeFunction>
  readonly #getErrorMessage: NativeFunction
  readonly #getKeyValue: NativeFunction
  /** Where `pointer` has things put: calls in this thread follow one another. */
  readonly #out = offHeap(BigUint64Array, 1)

  constructor(libraryPath: string = findOrtLibrary()) {
    const table = loadOrtTable(libraryPath)
    this.version = table.version
    this.#getErrorMessage = table.entry(GET_ERROR_MESSAGE, 'str', ['void *'])
    this.#getKeyValue = table.entry(GET_KEY_VALUE, 'str', ['void *', 'str'])
    const functions: Partial<Record<StatusFunction | ReleaseFunction, NativeFunction>> = {}
    for (const [name, [index, ...parameters]] of Object.entries(STATUS_FUNCTIONS))
      functions[name as StatusFunction] = table.entry(index, 'void *', parameters)
    for (const [name, index] of Object.entries(RELEASE_FUNCTIONS))
      functions[name as ReleaseFunction] = table.entry(index, 'void', ['void *'])
    this.#functions = functions as Record<StatusFunction | ReleaseFunction, NativeFunction>
  }

  /** Throws `OrtError` unless the function succeeds. */
  call(name: StatusFunction, ...parameters: unknown[]): void {
    this.#check(this.#functions[name](...parameters))
  }

  /** The same on the thread pool of libuv. What `parameters` point to must stay alive until the promise settles. */
  callAsync(name: StatusFunction, ...parameters: unknown[]): Promise<void> {
    return new Promise((resolve, reject) => {
      callsInFlight++
      this.#functions[name].async(...parameters, (error: unknown, status: unknown) => {
        callsInFlight--
        try {
          if (error) throw error as Error
          this.#check(status)
          resolve()
        } catch (failure) {
          reject(failure)
        }
      })
    })
  }

  /** Calls a function whose last parameter is where it puts a pointer. */
  pointer(name: StatusFunction, ...parameters: unknown[]): Pointer {
    this.#out[0] = 0n
    this.call(name, ...parameters, this.#out)
    return this.#out[0]
  }

  /** Calls a function whose last parameter is where it puts a `size_t`. */
  size(name: StatusFunction, ...parameters: unknown[]): number {
    return Number(this.pointer(name, ...parameters))
  }

  release(name: ReleaseFunction, handle: Pointer): void {
    this.#functions[name](handle)
  }

  /** The value of a key in an `OrtKeyValuePairs`, or undefined. */
  keyValue(pairs: Pointer, key: string): string | undefined {
    return (this.#getKeyValue(pairs, key) as string | null) ?? undefined
  }

  #check(status: unknown): void {
    if (!status) return
    const message = this.#getErrorMessage(status) as string
    this.#functions.ReleaseStatus(status)
    throw new OrtError(message)
  }
}
