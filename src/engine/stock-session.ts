import { env, InferenceSession, Tensor } from 'onnxruntime-node'
import type { RunCancellation } from './run-cancellation.ts'
import { OrtError, type NamedTensors, type OpenSession, type Session } from './session.ts'
import { isNative, type NativeTensor, type TensorView, type ValueInfo } from './tensor.ts'

/** What the binding calls the element types, each at the place of its `ONNXTensorElementDataType`. */
const TYPE_NAMES: readonly (Tensor.Type | undefined)[] = [
  undefined,
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
]

const LOG_FATAL = 4

/**
 * Opens graphs through the binding of `onnxruntime-node`. Both a load and a run hold up the thread that asks for them.
 *
 * @param beforeRun Awaited before each run: the last moment at which anything else gets its turn.
 */
export function stockSessions(intraOpThreads: number, beforeRun: () => Promise<void>): OpenSession {
  // As with the C API: failures are thrown, and nothing is printed.
  env.logLevel = 'fatal'
  return async (path) => {
    const session = await native(() =>
      InferenceSession.create(path, {
        intraOpNumThreads: intraOpThreads,
        logSeverityLevel: LOG_FATAL,
        // See `create` in native-session.ts.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      }),
    )
    return new StockSession(session, beforeRun)
  }
}

/** A graph behind the binding of `onnxruntime-node`. A run that is to stop comes to its end all the same, and fails then. */
class StockSession implements Session {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly allocatedBytes = 0
  readonly #session: InferenceSession
  readonly #beforeRun: () => Promise<void>
  #isReleased = false

  constructor(session: InferenceSession, beforeRun: () => Promise<void>) {
    this.#session = session
    this.#beforeRun = beforeRun
    this.inputs = session.inputMetadata.map(valueInfo)
    this.outputs = session.outputMetadata.map(valueInfo)
  }

  adopt(tensor: TensorView): NativeTensor {
    return new StockTensor(toTensor(tensor))
  }

  async run(
    inputs: NamedTensors,
    outputs: NamedTensors,
    cancellation: RunCancellation,
    unshaped: readonly string[] = [],
  ): Promise<NativeTensor[]> {
    await this.#beforeRun()
    if (this.#isReleased) throw new Error('The session is released.')
    if (cancellation.isRequested) throw new OrtError('The run was stopped before it began.')
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, toTensor(value)]))
    const fetches = Object.fromEntries<Tensor | null>([
      ...Object.entries(outputs).map(([name, value]) => [name, toTensor(value)] as const),
      ...unshaped.map((name) => [name, null] as const),
    ])
    const results = await native(() => this.#session.run(feeds, fetches))
    // What was asked meanwhile is heard now: as far as others can see, the run is still going on.
    await turn()
    if (cancellation.isRequested) throw new OrtError('The run was stopped while it went on.')
    return unshaped.map((name) => new StockTensor(results[name] as Tensor))
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    // Settles at once: the binding frees the session before it returns.
    void this.#session.release()
  }
}

/** On memory of ours, or the copy that the binding makes of an output; the garbage collector frees it. */
class StockTensor implements NativeTensor {
  readonly tensor: Tensor
  readonly shape: readonly number[]

  constructor(tensor: Tensor) {
    this.tensor = tensor
    this.shape = tensor.dims
  }

  float32(): Float32Array<ArrayBuffer> {
    return this.tensor.data as Float32Array<ArrayBuffer>
  }

  release(): void {}
}

/** On the same memory. */
function toTensor(value: TensorView | NativeTensor): Tensor {
  if (isNative(value)) return (value as StockTensor).tensor
  const { data, elementType, shape } = value
  const type = TYPE_NAMES[elementType] as 'float32'
  // Integers of 64 bits are filled in as pairs of 32; see `RunMemory.fillInput`.
  const elements =
    (type as string) === 'int64' ? new BigInt64Array(data.buffer, data.byteOffset, data.byteLength / 8) : data
  return new Tensor(type, elements as Float32Array<ArrayBuffer>, [...shape])
}

function valueInfo(value: InferenceSession.ValueMetadata): ValueInfo {
  const { name } = value
  if (!value.isTensor) return { name, elementType: 0, shape: [] }
  const shape = value.shape.map((size) => (typeof size === 'number' ? size : undefined))
  return { name, elementType: TYPE_NAMES.indexOf(value.type), shape }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function native<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    throw new OrtError(error instanceof Error ? error.message : String(error))
  }
}
