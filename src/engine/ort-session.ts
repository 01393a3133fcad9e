import { HandleStack } from './handle-stack.ts'
import { NativeNames } from './native-names.ts'
import { createNativeSession, type NativeSession } from './native-session.ts'
import { OrtApi } from './ort-api.ts'
import { AllocatedValue, OrtValue, ViewValue } from './ort-value.ts'
import { describeValues } from './ort-value-info.ts'
import type { RunCancellation } from './run-cancellation.ts'
import { RunFrame, type RunSide } from './run-frame.ts'
import type { NamedTensors, OpenSession, Session } from './session.ts'
import type { NativeTensor, TensorView, ValueInfo } from './tensor.ts'
import { ValueSlots, type Slots } from './value-slots.ts'

/**
 * Opens graphs through the C API.
 *
 * @param addresses One element for each graph; see `NativeSessionOptions.address`.
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
  return async (path, index, signal) => {
    const address = addresses.subarray(index, index + 1)
    const native = await createNativeSession(api, path, { intraOpThreads, signal, address })
    return new OrtSession(api, native, slots)
  }
}

/** A graph behind the C API. Any number of runs may be in flight at once; they share one copy of the weights. */
class OrtSession implements Session {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly #api: OrtApi
  readonly #native: NativeSession
  readonly #slots: ValueSlots
  readonly #names = new NativeNames()
  readonly #idleFrames: RunFrame[] = []
  #activeRuns = 0
  #isReleased = false

  constructor(api: OrtApi, native: NativeSession, slots: ValueSlots) {
    this.#api = api
    this.#native = native
    this.#slots = slots
    this.inputs = describeValues(api, native.pointer, 'Input')
    this.outputs = describeValues(api, native.pointer, 'Output')
  }

  /** What the session has allocated: weights repacked for the CPU, and the most that its runs have needed at once. */
  get allocatedBytes(): number {
    const handles = new HandleStack()
    try {
      // Not kept: it would hold the memory back if this thread were ended.
      const arena = handles.own(
        this.#api.pointer('CreateAllocator', this.#native.pointer, this.#native.memoryInfo),
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

  adopt(tensor: TensorView): ViewValue {
    return new ViewValue(this.#api, this.#native.memoryInfo, tensor)
  }

  /** Runs the graph on the pool of libuv. See `Session.run`. */
  async run(
    inputs: NamedTensors,
    outputs: NamedTensors,
    cancellation: RunCancellation,
    unshaped: readonly string[] = [],
  ): Promise<NativeTensor[]> {
    if (this.#isReleased) throw new Error('The session is released.')
    const given = Object.keys(outputs).length
    const slots = unshaped.length === 0 ? undefined : this.#slots.take(given + unshaped.length)
    const frame = this.#idleFrames.pop() ?? new RunFrame(this.#api)
    const temporary = new HandleStack()
    let toGiveBack = given + unshaped.length
    this.#activeRuns++
    try {
      this.#bind(frame.inputs, inputs, [], temporary)
      this.#bind(frame.outputs, outputs, unshaped, temporary, slots)
      cancellation.begin(() => frame.stop())
      await this.#callRun(frame)
      toGiveBack = given
      return unshaped.map((_, index) => new AllocatedValue(this.#api, slots as Slots, given + index))
    } finally {
      cancellation.end()
      for (let index = 0; index < toGiveBack; index++) slots?.give(index)
      temporary.release()
      if (frame.isStopped) frame.release()
      else this.#idleFrames.push(frame)
      this.#activeRuns--
    }
  }

  release(): void {
    if (this.#activeRuns > 0) throw new Error(`The session is in ${this.#activeRuns} runs.`)
    this.#isReleased = true
    for (const frame of this.#idleFrames.splice(0)) frame.release()
    this.#native.handles.release()
  }

  /** @param temporary Gets the native values that are made for this run only. */
  #bind(
    side: RunSide,
    tensors: NamedTensors,
    unshaped: readonly string[],
    temporary: HandleStack,
    slots?: Slots,
  ): void {
    const names = Object.keys(tensors)
    side.begin(names.length + unshaped.length, slots?.addresses)
    for (const name of names) {
      const tensor = tensors[name]
      const value =
        tensor instanceof OrtValue
          ? tensor
          : temporary.own(this.adopt(tensor as TensorView), (value) => value.release())
      side.add(this.#names.address(name), value.pointer)
    }
    for (const name of unshaped) side.add(this.#names.address(name), 0n)
  }

  #callRun({ options, inputs, outputs }: RunFrame): Promise<void> {
    return this.#api.callAsync(
      'Run',
      this.#native.pointer,
      options,
      inputs.names,
      inputs.values,
      inputs.count,
      outputs.names,
      outputs.count,
      outputs.values,
    )
  }
}
