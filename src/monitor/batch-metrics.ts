import type { BatchEvent, CacheEvent } from '../kernel/runtime-events.ts'
import type { KnownLabels } from './bounded-labels.ts'
import { Counter, Histogram, type Registry } from './prometheus.ts'

/** How large the batches are, how long they run, and how much of them is padding. */
export class BatchMetrics {
  readonly texts: Histogram<'model'>
  readonly duration: Histogram<'model'>
  readonly tokens: Counter<'model'>
  readonly padding: Counter<'model'>
  readonly cached: Counter<'model' | 'outcome'>
  readonly #models: KnownLabels

  constructor(registry: Registry, models: KnownLabels) {
    const labelNames = ['model'] as const
    const registers = [registry]
    this.#models = models
    this.texts = new Histogram({
      name: 'leasehold_batch_texts',
      help: 'Texts of one batch',
      labelNames,
      buckets: [1, 2, 4, 8, 16, 32, 64],
      registers,
    })
    this.duration = new Histogram({
      name: 'leasehold_batch_seconds',
      help: 'Time that one batch ran',
      labelNames,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    })
    this.tokens = new Counter({
      name: 'leasehold_batch_tokens_total',
      help: 'Tokens that batches carried, padding not counted',
      labelNames,
      registers,
    })
    this.padding = new Counter({
      name: 'leasehold_batch_padding_tokens_total',
      help: 'Tokens of padding that batches computed for nothing',
      labelNames,
      registers,
    })
    this.cached = new Counter({
      name: 'leasehold_cached_texts_total',
      help: 'Texts that were looked up in the cache of results, by whether they were there',
      labelNames: ['model', 'outcome'],
      registers,
    })
  }

  recordCache({ model, hits, misses }: CacheEvent): void {
    const label = this.#models.of(model)
    this.cached.inc({ model: label, outcome: 'hit' }, hits)
    this.cached.inc({ model: label, outcome: 'miss' }, misses)
  }

  record(event: BatchEvent): void {
    const model = this.#models.of(event.model)
    this.texts.observe({ model }, event.texts)
    this.duration.observe({ model }, event.inferMs / 1000)
    this.tokens.inc({ model }, event.tokens)
    this.padding.inc({ model }, event.paddedTokens - event.tokens)
  }
}
