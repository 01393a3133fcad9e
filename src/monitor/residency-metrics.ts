import type { LoadEvent, SwapEvent, UnloadEvent, WarningEvent } from '../kernel/runtime-events.ts'
import { BoundedLabels, type KnownLabels } from './bounded-labels.ts'
import { Counter, Histogram, type Registry } from './prometheus.ts'

/** Loads, unloads and swaps with their reasons, and the warnings that went to the log. */
export class ResidencyMetrics {
  readonly loads: Counter<'model' | 'outcome' | 'fallback'>
  readonly loadDuration: Histogram<'model'>
  readonly unloads: Counter<'model' | 'reason'>
  readonly swaps: Counter<'slot' | 'mode' | 'outcome'>
  readonly warnings: Counter<'model' | 'code'>
  readonly #models: KnownLabels
  readonly #slots = new BoundedLabels(256)
  readonly #codes = new BoundedLabels(64)

  constructor(registry: Registry, models: KnownLabels) {
    const registers = [registry]
    this.#models = models
    this.loads = new Counter({
      name: 'leasehold_loads_total',
      help: 'Loads that ended: loaded, failed or aborted',
      labelNames: ['model', 'outcome', 'fallback'],
      registers,
    })
    this.loadDuration = new Histogram({
      name: 'leasehold_load_seconds',
      help: 'Time that a load took which succeeded',
      labelNames: ['model'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
      registers,
    })
    this.unloads = new Counter({
      name: 'leasehold_unloads_total',
      help: 'Residents that are gone, by reason: idle, evicted, swapped, requested, lost, stuck, shutdown',
      labelNames: ['model', 'reason'],
      registers,
    })
    this.swaps = new Counter({
      name: 'leasehold_swaps_total',
      help: 'Swaps of a slot to another key: started, ended, given-up',
      labelNames: ['slot', 'mode', 'outcome'],
      registers,
    })
    this.warnings = new Counter({
      name: 'leasehold_warnings_total',
      help: 'Things that people should look at: timeouts, fallbacks, back-offs, leases held for long',
      labelNames: ['model', 'code'],
      registers,
    })
  }

  recordLoad(event: LoadEvent): void {
    const { outcome } = event
    if (outcome === 'started') return
    const model = this.#models.of(event.model)
    this.loads.inc({ model, outcome, fallback: String(event.isFallback) })
    if (outcome === 'loaded') this.loadDuration.observe({ model }, event.durationMs / 1000)
  }

  recordUnload(event: UnloadEvent): void {
    this.unloads.inc({ model: this.#models.of(event.model), reason: event.reason })
  }

  recordSwap(event: SwapEvent): void {
    this.swaps.inc({ slot: this.#slots.of(event.slot), mode: event.mode, outcome: event.outcome })
  }

  recordWarning(event: WarningEvent): void {
    this.warnings.inc({ model: this.#models.of(event.model), code: this.#codes.of(event.code) })
  }
}
