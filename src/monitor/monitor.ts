import { systemClock, type Clock } from '../kernel/clock.ts'
import type { Emitter } from '../kernel/events.ts'
import type { RuntimeEvents } from '../kernel/runtime-events.ts'
import { BatchMetrics } from './batch-metrics.ts'
import { KnownLabels } from './bounded-labels.ts'
import { EventLoopDelayMeter } from './event-loop-delay.ts'
import { EventStream, type EventStreamOptions } from './event-stream.ts'
import { Gauges, type MonitoredModel, type ProcessMemory } from './gauges.ts'
import { Registry } from './prometheus.ts'
import { RequestMetrics } from './request-metrics.ts'
import { ResidencyMetrics } from './residency-metrics.ts'
import { countBy, summariseModel, type MonitorSnapshot, type RuntimeMetrics } from './snapshot.ts'

export interface MonitorOptions {
  events: Emitter<RuntimeEvents>
  /** Every configured model as it is now. Read on each look and never waited for. */
  models: () => readonly MonitoredModel[]
  /** @default the system's */
  clock?: Clock
}

/**
 * Counts what a runtime does and says it in three ways: as Prometheus text, as plain data, and as a stream of events.
 * It listens all the time and costs under 3 µs per request; the work of writing it down is done when somebody looks.
 */
export class Monitor implements Disposable {
  /** The monitor's own registry, so that two runtimes in one process, or the application's metrics, do not mix. */
  readonly registry: Registry = new Registry()
  readonly #options: MonitorOptions
  readonly #clock: Clock
  readonly #metrics: RuntimeMetrics
  readonly #gauges: Gauges
  readonly #eventLoopDelay: EventLoopDelayMeter
  readonly #subscriptions: Disposable[]
  readonly #ending = new AbortController()

  constructor(options: MonitorOptions) {
    const { events, models, clock = systemClock } = options
    const names = new KnownLabels(() => models().map(({ name }) => name))
    const requests = new RequestMetrics(this.registry, names)
    const batches = new BatchMetrics(this.registry, names)
    const residency = new ResidencyMetrics(this.registry, names)
    this.#options = options
    this.#clock = clock
    this.#metrics = { requests, batches, residency }
    this.#gauges = new Gauges(this.registry)
    this.#eventLoopDelay = new EventLoopDelayMeter(clock)
    this.#subscriptions = [
      events.on('request', (event) => requests.record(event)),
      events.on('batch', (event) => batches.record(event)),
      events.on('cache', (event) => batches.recordCache(event)),
      events.on('load', (event) => residency.recordLoad(event)),
      events.on('unload', (event) => residency.recordUnload(event)),
      events.on('swap', (event) => residency.recordSwap(event)),
      events.on('warning', (event) => residency.recordWarning(event)),
    ]
  }

  /** Prometheus text. The gauges are those of the moment of the call, all of the same moment. */
  async metrics(): Promise<{ contentType: string; text: string }> {
    this.#gauges.set(this.#options.models(), readMemory(), this.#eventLoopDelay.read())
    return { contentType: this.registry.contentType, text: await this.registry.metrics() }
  }

  async snapshot(): Promise<MonitorSnapshot> {
    const models = this.#options.models()
    const swaps = await countBy(this.#metrics.residency.swaps, 'outcome')
    return {
      wallMs: this.#clock.wallMs(),
      process: { ...readMemory(), eventLoopDelay: this.#eventLoopDelay.read() },
      models: await Promise.all(models.map((model) => summariseModel(model, this.#metrics))),
      swaps: swaps['ended'] ?? 0,
      warnings: await countBy(this.#metrics.residency.warnings, 'code'),
    }
  }

  /** How the process is at present: 90 % of the timers of the latest window were at most so late. */
  processReadings(): { eventLoopDelayMs: number; residentBytes: number } {
    return { eventLoopDelayMs: this.#eventLoopDelay.read().p90Ms, residentBytes: readMemory().residentBytes }
  }

  /** The events from now on; the reader, its signal or `close()` ends it. */
  stream(options?: EventStreamOptions): EventStream {
    const source = { events: this.#options.events, clock: this.#clock, ending: this.#ending.signal }
    return new EventStream(source, options)
  }

  /** Stops listening and ends the streams; what was counted can still be read. Idempotent. */
  close(): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]()
    this.#ending.abort()
    this.#eventLoopDelay[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function readMemory(): ProcessMemory {
  const { rss, heapUsed, external } = process.memoryUsage()
  return { residentBytes: rss, heapUsedBytes: heapUsed, externalBytes: external }
}
