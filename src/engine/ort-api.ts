import { offHeap } from './off-heap.ts'
import { findOrtLibrary, loadOrtTable, type NativeFunction, type Pointer } from './ort-library.ts'
import { OrtError } from './session.ts'

/** `ORTCHAR_T`: paths are UTF-16 on Windows and UTF-8 elsewhere. */
const PATH = process.platform === 'win32' ? 'str16' : 'str'

/** Functions that answer a status, NULL for success. */
type StatusFunction =
  | 'CreateEnv'
  | 'CreateSession'
  | 'Run'
  | 'CreateSessionOptions'
  | 'SetIntraOpNumThreads'
  | `SessionGet${'Input' | 'Output'}${'Count' | 'TypeInfo' | 'Name'}`
  | 'CreateRunOptions'
  | 'RunOptionsSetTerminate'
  | 'CreateTensorWithDataAsOrtValue'
  | 'GetTensorMutableData'
  | 'CastTypeInfoToTensorInfo'
  | 'GetTensorElementType'
  | 'GetDimensionsCount'
  | 'GetDimensions'
  | 'GetTensorTypeAndShape'
  | 'CreateCpuMemoryInfo'
  | 'AllocatorFree'
  | 'GetAllocatorWithDefaultOptions'
  | 'AddSessionConfigEntry'
  | 'CreateAllocator'
  | 'SessionOptionsSetLoadCancellationFlag'
  | 'AllocatorGetStats'

/** Functions that give a handle back. */
type ReleaseFunction =
  | 'ReleaseEnv'
  | 'ReleaseStatus'
  | 'ReleaseMemoryInfo'
  | 'ReleaseSession'
  | 'ReleaseValue'
  | 'ReleaseRunOptions'
  | 'ReleaseTypeInfo'
  | 'ReleaseTensorTypeAndShapeInfo'
  | 'ReleaseSessionOptions'
  | 'ReleaseAllocator'
  | 'ReleaseKeyValuePairs'

/**
 * Index in `struct OrtApi` of onnxruntime_c_api.h, and parameters. The table is append-only, so an index holds for
 * this and every later release.
 */
const STATUS_FUNCTIONS: Record<StatusFunction, readonly [index: number, ...parameters: string[]]> = {
  CreateEnv: [3, 'int', 'str', 'void *'],
  CreateSession: [7, 'void *', PATH, 'void *', 'void *'],
  Run: [9, 'void *', 'void *', 'void *', 'void *', 'size_t', 'void *', 'size_t', 'void *'],
  CreateSessionOptions: [10, 'void *'],
  SetIntraOpNumThreads: [24, 'void *', 'int'],
  SessionGetInputCount: [30, 'void *', 'void *'],
  SessionGetOutputCount: [31, 'void *', 'void *'],
  SessionGetInputTypeInfo: [33, 'void *', 'size_t', 'void *'],
  SessionGetOutputTypeInfo: [34, 'void *', 'size_t', 'void *'],
  SessionGetInputName: [36, 'void *', 'size_t', 'void *', 'void *'],
  SessionGetOutputName: [37, 'void *', 'size_t', 'void *', 'void *'],
  CreateRunOptions: [39, 'void *'],
  RunOptionsSetTerminate: [46, 'void *'],
  CreateTensorWithDataAsOrtValue: [49, 'void *', 'void *', 'size_t', 'void *', 'size_t', 'int', 'void *'],
  GetTensorMutableData: [51, 'void *', 'void *'],
  CastTypeInfoToTensorInfo: [55, 'void *', 'void *'],
  GetTensorElementType: [60, 'void *', 'void *'],
  GetDimensionsCount: [61, 'void *', 'void *'],
  GetDimensions: [62, 'void *', 'void *', 'size_t'],
  GetTensorTypeAndShape: [65, 'void *', 'void *'],
  CreateCpuMemoryInfo: [69, 'int', 'int', 'void *'],
  AllocatorFree: [76, 'void *', 'void *'],
  GetAllocatorWithDefaultOptions: [78, 'void *'],
  AddSessionConfigEntry: [130, 'void *', 'str', 'str'],
  CreateAllocator: [131, 'void *', 'void *', 'void *'],
  SessionOptionsSetLoadCancellationFlag: [293, 'void *', 'bool'],
  AllocatorGetStats: [319, 'void *', 'void *'],
}

const RELEASE_FUNCTIONS: Record<ReleaseFunction, number> = {
  ReleaseEnv: 92,
  ReleaseStatus: 93,
  ReleaseMemoryInfo: 94,
  ReleaseSession: 95,
  ReleaseValue: 96,
  ReleaseRunOptions: 97,
  ReleaseTypeInfo: 98,
  ReleaseTensorTypeAndShapeInfo: 99,
  ReleaseSessionOptions: 100,
  ReleaseAllocator: 132,
  ReleaseKeyValuePairs: 300,
}

/** Functions that answer a text. */
const GET_ERROR_MESSAGE = 2
const GET_KEY_VALUE = 297

/** ONNX Runtime's C API with every status checked. One per thread: koffi's functions belong to the thread. */
export class OrtApi {
  readonly version: string
  readonly #functions: Record<StatusFunction | ReleaseFunction, NativeFunction>
  readonly #getErrorMessage: NativeFunction
  readonly #getKeyValue: NativeFunction

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
      this.#functions[name].async(...parameters, (error: unknown, status: unknown) => {
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
    const out = offHeap(BigUint64Array, 1)
    this.call(name, ...parameters, out)
    return out[0] as Pointer
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
