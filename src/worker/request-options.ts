import type { Clock } from '../kernel/clock.ts'
import { priorityLevel } from '../kernel/priority.ts'
import type { EmbedRunOptions, RerankRunOptions, RunOptions, TranslateRunOptions } from '../registry/model.ts'
import type {
  EmbedRequestOptions,
  RequestOptions,
  RerankRequestOptions,
  TranslateRequestOptions,
} from './protocol.ts'

/** Sentences that a stream may be ahead of its reader: enough for the batches in flight. */
const READ_AHEAD_SENTENCES = 32

/** What every request takes from where it is sent. */
export interface Sender {
  readonly clock: Clock
  /** The share of a tenant where tenants compete. */
  weightOf(tenant: string): number
}

export function embedOptions(options: EmbedRunOptions, sender: Sender): EmbedRequestOptions {
  return {
    ...commonOptions(options, sender),
    inputType: options.inputType ?? 'unspecified',
    truncate: options.truncate ?? true,
    normalize: options.normalize ?? true,
    dimensions: options.dimensions,
  }
}

export function rerankOptions(options: RerankRunOptions, sender: Sender): RerankRequestOptions {
  return {
    ...commonOptions(options, sender),
    maxTokensPerDoc: options.maxTokensPerDoc ?? Infinity,
    rawScores: options.rawScores ?? false,
  }
}

export function translateOptions(options: TranslateRunOptions, sender: Sender): TranslateRequestOptions {
  return {
    ...commonOptions(options, sender),
    source: options.source,
    target: options.target,
    readAhead: options.onSentence === undefined ? undefined : READ_AHEAD_SENTENCES,
  }
}

function commonOptions(options: RunOptions, sender: Sender): RequestOptions {
  const tenant = options.tenant ?? ''
  return {
    deadlineInMs: (options.deadlineAtMs ?? Infinity) - sender.clock.nowMs(),
    priority: priorityLevel(options.priority),
    tenant,
    weight: sender.weightOf(tenant),
  }
}
