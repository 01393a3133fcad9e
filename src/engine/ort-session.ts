import { onAbort } from '../kernel/abort.ts'
import { HandleStack } from './handle-stack.ts'
import { offHeap } from './off-heap.ts'
import { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'
import { bindTensors } from './ort-tensor.ts'
import { OrtValue } from './ort-value.ts'
import { describeValues } from './ort-value-info.ts'
import type { RunCancellation } from './run-cancellation.ts'
import type { OpenSession, Session } from './session.ts'
import type { TensorView, ValueInfo } from './tensor.ts'
import { ValueSlots, type Slots } from './value-slots.ts'

/** `ORT_LOGGING_LEVEL_FATAL`: failures come as statuses; the library prints nothing by itself. */
const LOG_FATAL = 4
/** `OrtArenaAllocator` and `OrtMemTypeDefault`: main memory, by the allocator that a session keeps for its runs. */
const [ARENA_ALLOCATOR, MEMORY_DEFAULT] = [1, 0]

export interface OrtSessionOptions {
  /** Threads that one run uses. @default 1 */
  intraOpThreads?: number
  /** Stops the load. */
  signal?: AbortSignal
  /**
   * One element: the address of the native session as long as there is one. In shared memory, somebody else can release
   * it when this thread was ended without the chance to.
   */
  address?: BigUint64Array
  /** For the values that runs allocate. */
  slots: ValueSlots
}

/**
 * Opens graphs through the C API.
 *
 * @param addresses One element for each graph; see `OrtSessionOptions.address`.
 * @param valueAddresses See `ValueSlots`.
 * @throws ModelLoadError where the C API cannot be had
 */
export function ortSessions(
  intraOpThreads: number,
  addresses: BigUint64Array,
  valueAddresses: BigUint64Array = new BigUint64Array(0),
): OpenSession {
  const api = new OrtApi()
  const slots = new ValueSlots(valueAddresses)
  return (path, index, signal) =>
    OrtSession.create(api, path, {
      intraOpThreads,
      signal,
      address: addresses.subarray(index, index + 1),
      slots,
    })
}

/** A graph behind the C API. Any number of runs may be in flight at once; they share one copy of the weights. */
class OrtSession implements Session {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly #api: OrtApi
  readonly #handles: HandleStack
  readonly #session: Pointer
  readonly #memoryInfo: Pointer
  readonly #slots: ValueSlots
  #activeRuns = 0
  #isReleased = false

  private constructor(
    api: OrtApi,
    session: Pointer,
    memoryInfo: Pointer,
    handles: HandleStack,
    slots: ValueSlots,
  ) {
    this.#api = api
    this.#slots = slots
    this.#session = session
    this.#memoryInfo = memoryInfo
    this.#handles = handles
    this.inputs = describeValues(api, session, 'Input')
    this.outputs = describeValues(api, session, 'Output')
  }

  /**
   * Reads and optimises the graph on the pool of libuv.
   * @throws OrtError with the library's own words when the file is not a graph it can run, or the load was stopped.
   */
  static async create(api: OrtApi, modelPath: string, options: OrtSessionOptions): Promise<OrtSession> {
    const handles = new HandleStack()
    try {
      // The library has one environment per process and counts its users.
      const environment = handles.own(api.pointer('CreateEnv', LOG_FATAL, 'leasehold'), (environment) =>
        api.release('ReleaseEnv', environment),
      )
      const memoryInfo = handles.own(
        api.pointer('CreateCpuMemoryInfo', ARENA_ALLOCATOR, MEMORY_DEFAULT),
        (memoryInfo) => api.release('ReleaseMemoryInfo', memoryInfo),
      )
      const address = handles.own(options.address ?? offHeap(BigUint64Array, 1), (address) =>
        releaseSession(api, address),
      )
      await createNative(api, environment, modelPath, options, address)
      return new OrtSession(api, address[0] as Pointer, memoryInfo, handles, options.slots)
    } catch (error) {
      handles.release()
      throw error
    }
  }

  get activeRuns(): number {
    return this.#activeRuns
  }

  /** What the session has allocated: weights repacked for the CPU, and the most that its runs have needed at once. */
  get allocatedBytes(): number {
    const handles = new HandleStack()
    try {
      // Not kept: it would hold the memory back if this thread were ended.
      const arena = handles.own(
        this.#api.pointer('CreateAllocator', this.#session, this.#memoryInfo),
        (arena) => this.#api.release('ReleaseAllocator', arena),
      )
      const statistics = handles.own(this.#api.pointer('AllocatorGetStats', arena), (statistics) =>
        this.#api.release('ReleaseKeyValuePairs', statistics),
      )
      return Number(this.#api.keyValue(statistics, 'TotalAllocated') ?? 0)
    } finally {
      handles.release()
    }
  }

  /** Runs the graph on the pool of libuv. See `Session.run`. */
  async run(
    inputs: Readonly<Record<string, TensorView | OrtValue>>,
    outputs: Readonly<Record<string, TensorView>>,
    cancellation: RunCancellation,
    unshaped: readonly string[] = [],
  ): Promise<OrtValue[]> {
    if (this.#isReleased) throw new Error('The session is released.')
    const handles = new HandleStack()
    const given = Object.keys(outputs).length
    const slots = unshaped.length === 0 ? undefined : this.#slots.take(given + unshaped.length)
    this.#activeRuns++
    try {
      const from = bindTensors(this.#api, this.#memoryInfo, inputs, handles)
      const to = bindTensors(this.#api, this.#memoryInfo, outputs, handles, unshaped, slots?.addresses)
      const runOptions = handles.own(this.#api.pointer('CreateRunOptions'), (runOptions) =>
        this.#api.release('ReleaseRunOptions', runOptions),
      )
      cancellation.begin(() => this.#api.call('RunOptionsSetTerminate', runOptions))
      await this.#api.callAsync(
        'Run',
        this.#session,
        runOptions,
        from.names,
        from.values,
        from.count,
        to.names,
        to.count,
        to.values,
      )
      return unshaped.map((_, index) => new OrtValue(this.#api, slots as Slots, given + index))
    } catch (error) {
      for (const index of unshaped.keys()) slots?.give(given + index)
      throw error
    } finally {
      for (let index = 0; slots !== undefined && index < given; index++) {
        slots.addresses[index] = 0n
        slots.give(index)
      }
      this.#activeRuns--
      cancellation.end()
      handles.release()
    }
  }

  release(): void {
    if (this.#activeRuns > 0) throw new Error(`The session is in ${this.#activeRuns} runs.`)
    this.#isReleased = true
    this.#handles.release()
  }
}

async function createNative(
  api: OrtApi,
  environment: Pointer,
  modelPath: string,
  options: OrtSessionOptions,
  address: BigUint64Array,
): Promise<void> {
  const handles = new HandleStack()
  try {
    const sessionOptions = handles.own(api.pointer('CreateSessionOptions'), (sessionOptions) =>
      api.release('ReleaseSessionOptions', sessionOptions),
    )
    api.call('SetIntraOpNumThreads', sessionOptions, options.intraOpThreads ?? 1)
    // Threads that spin while they wait cost up to 89 % more CPU time, and win nothing beside other runs.
    api.call('AddSessionConfigEntry', sessionOptions, 'session.intra_op.allow_spinning', '0')
    const stop = (): void => api.call('SessionOptionsSetLoadCancellationFlag', sessionOptions, true)
    handles.own(onAbort(options.signal, stop), (listener) => listener[Symbol.dispose]())
    await api.callAsync('CreateSession', environment, modelPath, sessionOptions, address)
  } finally {
    handles.release()
  }
}

/** Releases the native session at `address[0]`, if there is one, and leaves 0 there. No run may be in flight. */
export function releaseSession(api: OrtApi, address: BigUint64Array): void {
  const session = address[0] as Pointer
  address[0] = 0n
  if (session !== 0n) api.release('ReleaseSession', session)
}

/** Releases the values whose addresses a thread has left behind, and leaves zeros there. */
export function releaseValues(api: OrtApi, addresses: BigUint64Array): void {
  for (const [index, address] of addresses.entries()) {
    addresses[index] = 0n
    if (address !== 0n) api.release('ReleaseValue', address)
  }
}
