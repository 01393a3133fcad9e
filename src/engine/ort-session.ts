import { offHeap, type OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'
import { cString, describeValues, type ValueInfo } from './ort-value-info.ts'

/** `ORT_LOGGING_LEVEL_FATAL`: failures come as statuses; the library prints nothing by itself. */
const LOG_FATAL = 4
/** `OrtDeviceAllocator` and `OrtMemTypeDefault`: tensors live in memory of ours. */
const [DEVICE_ALLOCATOR, MEMORY_DEFAULT] = [0, 0]

/** Numbers that ONNX gives to element types (`ONNXTensorElementDataType`); the ones used here. */
export const ELEMENT_TYPES = { float32: 1, int32: 6, int64: 7, float16: 10 } as const

/** A tensor in memory of ours, which must not move: a view on an `ArrayBuffer` of the size that `shape` asks for. */
export interface TensorView<Data extends ArrayBufferView<ArrayBuffer> = ArrayBufferView<ArrayBuffer>> {
  readonly data: Data
  readonly elementType: number
  readonly shape: readonly number[]
}

export interface SessionOptions {
  /** Threads that one run uses. @default 1 */
  intraOpThreads?: number
}

/**
 * One loaded graph. Any number of runs may be in flight at once; they share one copy of the weights. Its owner calls
 * `release()` when the last run has ended.
 */
export class OrtSession {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly #api: OrtApi
  readonly #handles: SessionHandles
  #activeRuns = 0
  #isReleased = false

  private constructor(api: OrtApi, handles: SessionHandles) {
    this.#api = api
    this.#handles = handles
    this.inputs = describeValues(api, handles.session, 'Input')
    this.outputs = describeValues(api, handles.session, 'Output')
  }

  /**
   * Reads and optimises the graph on the pool of libuv.
   * @throws OrtError with the library's own words when the file is not a graph it can run.
   */
  static async create(api: OrtApi, modelPath: string, options: SessionOptions = {}): Promise<OrtSession> {
    const environment = createEnvironment(api)
    const memoryInfo = api.pointer('CreateCpuMemoryInfo', DEVICE_ALLOCATOR, MEMORY_DEFAULT)
    const sessionOptions = api.pointer('CreateSessionOptions')
    try {
      api.call('SetIntraOpNumThreads', sessionOptions, options.intraOpThreads ?? 1)
      // Threads that spin while they wait cost up to 89 % more CPU time, and win nothing beside other runs.
      api.call('AddSessionConfigEntry', sessionOptions, 'session.intra_op.allow_spinning', '0')
      const out = offHeap(BigUint64Array, 1)
      await api.callAsync('CreateSession', environment, modelPath, sessionOptions, out)
      return new OrtSession(api, { environment, memoryInfo, session: out[0] as Pointer })
    } catch (error) {
      api.release('ReleaseMemoryInfo', memoryInfo)
      api.release('ReleaseEnv', environment)
      throw error
    } finally {
      api.release('ReleaseSessionOptions', sessionOptions)
    }
  }

  get activeRuns(): number {
    return this.#activeRuns
  }

  /**
   * Runs the graph on the pool of libuv. `inputs` and `outputs` go by name; results are written straight into the
   * memory of `outputs`, which must have the shapes that the graph gives. Aborting by `cancellation` makes it fail within milliseconds.
   */
  async run(
    inputs: Readonly<Record<string, TensorView>>,
    outputs: Readonly<Record<string, TensorView>>,
    cancellation: RunCancellation,
  ): Promise<void> {
    if (this.#isReleased) throw new Error('The session is released.')
    const inputValues = new BoundValues(this.#api, this.#handles.memoryInfo, inputs)
    const outputValues = new BoundValues(this.#api, this.#handles.memoryInfo, outputs)
    const runOptions = cancellation.begin(this.#api)
    this.#activeRuns++
    try {
      await this.#api.callAsync(
        'Run',
        this.#handles.session,
        runOptions,
        inputValues.names,
        inputValues.pointers,
        inputValues.count,
        outputValues.names,
        outputValues.count,
        outputValues.pointers,
      )
    } finally {
      this.#activeRuns--
      cancellation.end()
      inputValues.release()
      outputValues.release()
    }
  }

  /** Gives the memory back. Idempotent; a fault of the caller while a run is in flight. */
  release(): void {
    if (this.#isReleased) return
    if (this.#activeRuns > 0) throw new Error(`The session is in ${this.#activeRuns} runs.`)
    this.#isReleased = true
    this.#api.release('ReleaseSession', this.#handles.session)
    this.#api.release('ReleaseMemoryInfo', this.#handles.memoryInfo)
    this.#api.release('ReleaseEnv', this.#handles.environment)
  }
}

interface SessionHandles {
  readonly environment: Pointer
  readonly memoryInfo: Pointer
  readonly session: Pointer
}

/** The library has one environment per process and counts its users: every session holds and releases its share. */
function createEnvironment(api: OrtApi): Pointer {
  return api.pointer('CreateEnv', LOG_FATAL, 'leasehold')
}

/** Lets somebody else stop a run. One object serves one run. */
export class RunCancellation {
  #api: OrtApi | undefined
  #runOptions: Pointer | undefined
  #isRequested = false

  get isRequested(): boolean {
    return this.#isRequested
  }

  /** Asks the run to stop; it then fails. Before the run begins: it fails as soon as it does. After its end: nothing. */
  request(): void {
    if (this.#isRequested) return
    this.#isRequested = true
    if (this.#runOptions !== undefined) this.#api?.call('RunOptionsSetTerminate', this.#runOptions)
  }

  /** For `OrtSession.run` only. */
  begin(api: OrtApi): Pointer {
    this.#api = api
    this.#runOptions = api.pointer('CreateRunOptions')
    if (this.#isRequested) api.call('RunOptionsSetTerminate', this.#runOptions)
    return this.#runOptions
  }

  /** For `OrtSession.run` only. */
  end(): void {
    if (this.#runOptions === undefined) return
    this.#api?.release('ReleaseRunOptions', this.#runOptions)
    this.#runOptions = undefined
  }
}

/** The tensors of one side of a run as the C API wants them: parallel arrays of names and of values. */
class BoundValues {
  readonly count: number
  readonly names: BigUint64Array
  readonly pointers: BigUint64Array
  readonly #api: OrtApi
  /** What native code holds addresses of; alive as long as this object is. */
  readonly #kept: unknown[] = []

  constructor(api: OrtApi, memoryInfo: Pointer, tensors: Readonly<Record<string, TensorView>>) {
    const entries = Object.entries(tensors)
    this.#api = api
    this.count = entries.length
    this.names = offHeap(BigUint64Array, entries.length)
    this.pointers = offHeap(BigUint64Array, entries.length)
    try {
      for (const [index, [name, tensor]] of entries.entries()) {
        const nameBytes = cString(name)
        this.#kept.push(nameBytes.bytes, tensor.data)
        this.names[index] = nameBytes.address
        this.pointers[index] = createTensor(api, memoryInfo, tensor)
      }
    } catch (error) {
      this.release()
      throw error
    }
  }

  release(): void {
    for (const pointer of this.pointers) if (pointer !== 0n) this.#api.release('ReleaseValue', pointer)
    this.pointers.fill(0n)
    this.#kept.length = 0
  }
}

function createTensor(api: OrtApi, memoryInfo: Pointer, tensor: TensorView): Pointer {
  const shape = BigInt64Array.from(tensor.shape, BigInt)
  return api.pointer(
    'CreateTensorWithDataAsOrtValue',
    memoryInfo,
    tensor.data,
    tensor.data.byteLength,
    shape,
    shape.length,
    tensor.elementType,
  )
}
