import { onAbort } from '../kernel/abort.ts'
import { HandleStack } from './handle-stack.ts'
import type { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'

/** `ORT_LOGGING_LEVEL_FATAL`: failures come as statuses; the library prints nothing by itself. */
const LOG_FATAL = 4
/** `OrtArenaAllocator` and `OrtMemTypeDefault`: main memory, by the allocator that a session keeps for its runs. */
const [ARENA_ALLOCATOR, MEMORY_DEFAULT] = [1, 0]

export interface NativeSessionOptions {
  /** Threads that one run uses. */
  readonly intraOpThreads: number
  /** Stops the load. */
  readonly signal: AbortSignal
  /**
   * One element: the address of the native session as long as there is one. In shared memory, somebody else can release
   * it when this thread was ended without the chance to.
   */
  readonly address: BigUint64Array
}

/** A session of ONNX Runtime, and what it is used with. */
export interface NativeSession {
  readonly pointer: Pointer
  readonly memoryInfo: Pointer
  /** Gives all of it back. */
  readonly handles: HandleStack
}

/**
 * Reads and optimises a graph on the pool of libuv.
 * @throws OrtError with the library's own words when the file is not a graph it can run, or the load was stopped.
 */
export async function createNativeSession(
  api: OrtApi,
  modelPath: string,
  options: NativeSessionOptions,
): Promise<NativeSession> {
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
    const address = handles.own(options.address, (address) => releaseSession(api, address))
    await create(api, environment, modelPath, options)
    return { pointer: address[0] as Pointer, memoryInfo, handles }
  } catch (error) {
    handles.release()
    throw error
  }
}

async function create(
  api: OrtApi,
  environment: Pointer,
  modelPath: string,
  options: NativeSessionOptions,
): Promise<void> {
  const handles = new HandleStack()
  try {
    const sessionOptions = handles.own(api.pointer('CreateSessionOptions'), (sessionOptions) =>
      api.release('ReleaseSessionOptions', sessionOptions),
    )
    api.call('SetIntraOpNumThreads', sessionOptions, options.intraOpThreads)
    // Threads that spin while they wait cost up to 89 % more CPU time, and win nothing beside other runs.
    api.call('AddSessionConfigEntry', sessionOptions, 'session.intra_op.allow_spinning', '0')
    const stop = (): void => api.call('SessionOptionsSetLoadCancellationFlag', sessionOptions, true)
    handles.own(onAbort(options.signal, stop), (listener) => listener[Symbol.dispose]())
    await api.callAsync('CreateSession', environment, modelPath, sessionOptions, options.address)
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
