import * as errors from '../kernel/errors.ts'
import type { RequestEvent, Timings } from '../kernel/runtime-events.ts'
import { BoundedLabels, KnownLabels } from './bounded-labels.ts'
import { Counter, Histogram, type Registry } from './prometheus.ts'

export type Phase = 'admit' | 'queue' | 'load' | 'tokenise' | 'infer' | 'encode'

/** The phases of a request, in order, each with the field of `Timings` that holds it. */
export const PHASES: Readonly<Record<Phase, keyof Timings>> = {
  admit: 'admitMs',
  queue: 'queueMs',
  load: 'loadMs',
  tokenise: 'tokeniseMs',
  infer: 'inferMs',
  encode: 'encodeMs',
}

const PHASE_NAMES = Object.keys(PHASES) as Phase[]
/** Half a millisecond is a short text on a fast machine, 30 s the default access timeout. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** A caller who left is `ABORTED`; what failed with an error of somebody else's class is `ERROR`. */
const OUTCOMES = ['ok', 'ABORTED', 'ERROR', ...Object.values(errors).map(({ code }) => code)]

/** How many requests there were, how they ended, and where the time of those that succeeded went. */
export class RequestMetrics {
  readonly requests: Counter<'model' | 'task' | 'outcome'>
  readonly items: Counter<'model' | 'task'>
  readonly tokens: Counter<'model' | 'task'>
  readonly phases: Histogram<'model' | 'phase'>
  readonly #models: KnownLabels
  readonly #tasks = new BoundedLabels(8)
  readonly #outcomes = new KnownLabels(() => OUTCOMES)

  constructor(registry: Registry, models: KnownLabels) {
    const registers = [registry]
    this.#models = models
    this.requests = new Counter({
      name: 'leasehold_requests_total',
      help: 'Uses of a model that ended; the outcome is ok or the code of the error',
      labelNames: ['model', 'task', 'outcome'],
      registers,
    })
    this.items = new Counter({
      name: 'leasehold_request_items_total',
      help: 'Texts of the requests that succeeded',
      labelNames: ['model', 'task'],
      registers,
    })
    this.tokens = new Counter({
      name: 'leasehold_request_tokens_total',
      help: 'Tokens of the requests that succeeded, special tokens counted',
      labelNames: ['model', 'task'],
      registers,
    })
    this.phases = new Histogram({
      name: 'leasehold_request_phase_seconds',
      help: 'Time that successful requests spent in each phase they went through',
      labelNames: ['model', 'phase'],
      buckets: SECONDS,
      registers,
    })
  }

  record(event: RequestEvent): void {
    const model = this.#models.of(event.model)
    const task = this.#tasks.of(event.task)
    this.requests.inc({ model, task, outcome: this.#outcomes.of(event.outcome) })
    // A refusal takes no time worth knowing: it would only make the phases look short.
    if (event.outcome !== 'ok') return
    this.items.inc({ model, task }, event.items)
    this.tokens.inc({ model, task }, event.tokens)
    for (const phase of PHASE_NAMES) {
      const durationMs = event.timings[PHASES[phase]]
      if (durationMs > 0) this.phases.observe({ model, phase }, durationMs / 1000)
    }
  }
}
