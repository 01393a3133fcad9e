import type { EventLoopDelay } from './event-loop-delay.ts'
import { Gauge, type Registry } from './prometheus.ts'

/** What the monitor reads of a model whenever somebody looks; the status of the runtime has it all. */
export interface MonitoredModel {
  name: string
  state: string
  queuedRequests: number
  concurrentAccessCount: number
  maxConcurrentAccess: number
  memoryBytes: number
}

/** Memory of the whole process, threads and models included. */
export interface ProcessMemory {
  residentBytes: number
  heapUsedBytes: number
  /** Buffers outside the heap. */
  externalBytes: number
}

/**
 * What is true at this moment. The values are read when somebody looks and never counted along, so that they cannot
 * drift away from the state they tell of.
 */
export class Gauges {
  readonly #leases: Gauge<'model'>
  readonly #leaseLimit: Gauge<'model'>
  readonly #queue: Gauge<'model'>
  readonly #memory: Gauge<'model'>
  readonly #state: Gauge<'model' | 'state'>
  readonly #eventLoopDelay: Gauge<'quantile'>
  readonly #residentMemory: Gauge
  readonly #heapUsed: Gauge
  readonly #external: Gauge

  constructor(registry: Registry) {
    const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
      new Gauge({ name, help, labelNames, registers: [registry] })
    this.#leases = gauge('leasehold_leases_in_flight', 'Leases that are held', 'model')
    this.#leaseLimit = gauge('leasehold_leases_limit', 'Leases that may be held at once', 'model')
    this.#queue = gauge('leasehold_queue_length', 'Callers that wait for a lease', 'model')
    this.#memory = gauge('leasehold_model_memory_bytes', 'Memory of what is loaded', 'model')
    this.#state = gauge('leasehold_model_state', '1 for the state a model is in', 'model', 'state')
    this.#eventLoopDelay = gauge(
      'leasehold_event_loop_delay_seconds',
      'How late timers of the main thread came since the last look, at least 5 s; quantile 1 is the longest',
      'quantile',
    )
    this.#residentMemory = gauge('process_resident_memory_bytes', 'Resident memory of the whole process')
    this.#heapUsed = gauge('nodejs_heap_size_used_bytes', 'Heap of the main thread that is in use')
    this.#external = gauge('nodejs_external_memory_bytes', 'Buffers of the main thread outside its heap')
  }

  set(models: readonly MonitoredModel[], memory: ProcessMemory, delay: EventLoopDelay): void {
    // A state that a model has left must not stay behind.
    this.#state.reset()
    for (const { name: model, ...status } of models) {
      this.#leases.set({ model }, status.concurrentAccessCount)
      this.#leaseLimit.set({ model }, status.maxConcurrentAccess)
      this.#queue.set({ model }, status.queuedRequests)
      this.#memory.set({ model }, status.memoryBytes)
      this.#state.set({ model, state: status.state }, 1)
    }
    this.#residentMemory.set(memory.residentBytes)
    this.#heapUsed.set(memory.heapUsedBytes)
    this.#external.set(memory.externalBytes)
    this.#eventLoopDelay.set({ quantile: '0.5' }, delay.p50Ms / 1000)
    this.#eventLoopDelay.set({ quantile: '0.9' }, delay.p90Ms / 1000)
    this.#eventLoopDelay.set({ quantile: '0.99' }, delay.p99Ms / 1000)
    this.#eventLoopDelay.set({ quantile: '1' }, delay.maxMs / 1000)
  }
}
