import type { BatchMetrics } from './batch-metrics.ts'
import type { EventLoopDelay } from './event-loop-delay.ts'
import type { MonitoredModel, ProcessMemory } from './gauges.ts'
import type { Counter, Histogram } from './prometheus.ts'
import { quantileOf, type CumulativeBucket } from './quantile.ts'
import { PHASES, type Phase, type RequestMetrics } from './request-metrics.ts'
import type { ResidencyMetrics } from './residency-metrics.ts'

/** Everything the monitor knows, as plain data. Counts are since the runtime was made. */
export interface MonitorSnapshot {
  /** Milliseconds since 1970. */
  wallMs: number
  process: ProcessMemory & { eventLoopDelay: EventLoopDelay }
  models: ModelSnapshot[]
  /** Swaps that ended. */
  swaps: number
  warnings: Record<string, number>
}

export interface ModelSnapshot extends MonitoredModel {
  /** By outcome: `ok`, or the code of an error. */
  requests: Record<string, number>
  items: number
  tokens: number
  /** Of successful requests, by phase; a phase that none went through is absent. */
  phases: Partial<Record<Phase, DurationSummary>>
  /** By outcome: `loaded`, `failed`, `aborted`. */
  loads: Record<string, number>
  /** By reason: `idle`, `evicted`, … */
  unloads: Record<string, number>
  batches: BatchSummary
}

export interface DurationSummary {
  count: number
  meanMs: number
  /** Estimates, as fine as the buckets of the histogram. */
  p50Ms: number
  p90Ms: number
  p99Ms: number
}

export interface BatchSummary {
  count: number
  meanTexts: number
  /** Share of the computed tokens that were padding: 0 to 1. */
  paddingShare: number
}

export interface RuntimeMetrics {
  requests: RequestMetrics
  batches: BatchMetrics
  residency: ResidencyMetrics
}

type Labels = Partial<Record<string, string | number>>

/** What the metrics have counted for one model. */
export async function summariseModel(
  model: MonitoredModel,
  { requests, batches, residency }: RuntimeMetrics,
): Promise<ModelSnapshot> {
  const only = { model: model.name }
  return {
    name: model.name,
    state: model.state,
    queuedRequests: model.queuedRequests,
    concurrentAccessCount: model.concurrentAccessCount,
    maxConcurrentAccess: model.maxConcurrentAccess,
    memoryBytes: model.memoryBytes,
    requests: await countBy(requests.requests, 'outcome', only),
    items: await sum(requests.items, only),
    tokens: await sum(requests.tokens, only),
    phases: await summarisePhases(requests.phases, model.name),
    loads: await countBy(residency.loads, 'outcome', only),
    unloads: await countBy(residency.unloads, 'reason', only),
    batches: await summariseBatches(batches, only),
  }
}

/** Adds the values of a counter up by one of its labels. */
export async function countBy(
  counter: Counter,
  label: string,
  only: Labels = {},
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { labels, value } of (await counter.get()).values) {
    if (!matches(labels, only)) continue
    const key = String(labels[label])
    counts[key] = (counts[key] ?? 0) + value
  }
  return counts
}

async function sum(counter: Counter, only: Labels): Promise<number> {
  const { values } = await counter.get()
  return values.reduce((total, { labels, value }) => (matches(labels, only) ? total + value : total), 0)
}

async function summarisePhases(
  histogram: Histogram,
  model: string,
): Promise<Partial<Record<Phase, DurationSummary>>> {
  const phases: Partial<Record<Phase, DurationSummary>> = {}
  for (const phase of Object.keys(PHASES) as Phase[]) {
    const { count, total, buckets } = await readHistogram(histogram, { model, phase })
    if (count === 0) continue
    const quantileMs = (quantile: number): number => quantileOf(buckets, quantile) * 1000
    phases[phase] = {
      count,
      meanMs: (total / count) * 1000,
      p50Ms: quantileMs(0.5),
      p90Ms: quantileMs(0.9),
      p99Ms: quantileMs(0.99),
    }
  }
  return phases
}

async function summariseBatches(batches: BatchMetrics, only: Labels): Promise<BatchSummary> {
  const { count, total } = await readHistogram(batches.texts, only)
  const padding = await sum(batches.padding, only)
  const computed = padding + (await sum(batches.tokens, only))
  return {
    count,
    meanTexts: count === 0 ? 0 : total / count,
    paddingShare: computed === 0 ? 0 : padding / computed,
  }
}

async function readHistogram(
  histogram: Histogram,
  only: Labels,
): Promise<{ count: number; total: number; buckets: CumulativeBucket[] }> {
  const read = { count: 0, total: 0, buckets: [] as CumulativeBucket[] }
  for (const { labels, value, metricName } of (await histogram.get()).values) {
    if (!matches(labels, only)) continue
    if (metricName?.endsWith('_sum')) read.total = value
    else if (metricName?.endsWith('_count')) read.count = value
    else read.buckets.push({ upperBound: boundOf(labels['le']), count: value })
  }
  return read
}

/** The bound of a bucket is its label `le`; the last one is `+Inf`, which `Number` does not read. */
function boundOf(le: string | number | undefined): number {
  return le === '+Inf' ? Infinity : Number(le)
}

function matches(labels: Labels, only: Labels): boolean {
  return Object.entries(only).every(([name, value]) => labels[name] === value)
}
