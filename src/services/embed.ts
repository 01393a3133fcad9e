import type { Clock } from '../kernel/clock.ts'
import { InvalidInputError, LeaseholdError, LeaseRevokedError } from '../kernel/errors.ts'
import type { Emitter } from '../kernel/events.ts'
import type { RuntimeEvents, Timings } from '../kernel/runtime-events.ts'
import type { AcquireOptions } from '../manager/acquire-options.ts'
import type { ManagedLease } from '../manager/lease.ts'
import type { ModelManager } from '../manager/model-manager.ts'
import type { EmbedInput, EmbedRunOptions, Embeddings } from '../registry/model.ts'

export interface EmbedOptions extends AcquireOptions {
  /** Puts the model's own prompt for this kind of text in front, where its configuration has one. */
  inputType?: 'query' | 'document' | undefined
  /** False: a text over the model's limit is an `InputTooLongError`. @default true */
  truncate?: boolean | undefined
  /** @default true */
  normalize?: boolean | undefined
  /** Keeps the first `dimensions` values and normalises again. */
  dimensions?: number | undefined
}

export interface EmbedResult {
  /** One vector for each input, in input order; views on one buffer. */
  vectors: Float32Array<ArrayBuffer>[]
  dimensions: number
  /** Tokens that were run for each input, special tokens counted. */
  tokenCounts: readonly number[]
  /** Indices of the inputs that were cut at the model's limit. */
  truncated: readonly number[]
  /** What really served, `minilm:int8@cpu`; a fallback shows here. */
  servedBy: string
  /** All vectors of one call come from this one generation. */
  generation: number
  timings: Timings
}

export interface ServiceContext {
  readonly manager: ModelManager
  readonly clock: Clock
  readonly events: Emitter<RuntimeEvents>
}

/** Vectors for texts. One call holds one lease, so all its vectors come from one generation. */
export async function embed(
  context: ServiceContext,
  model: string,
  input: EmbedInput | readonly EmbedInput[],
  options: EmbedOptions = {},
): Promise<EmbedResult> {
  const { clock, events } = context
  const startedAtMs = clock.nowMs()
  const timings: Timings = { admitMs: 0, queueMs: 0, loadMs: 0, tokeniseMs: 0, inferMs: 0, encodeMs: 0 }
  const event = { model, task: 'embed', outcome: 'ok', items: 0, tokens: 0, timings }
  try {
    const inputs = asInputs(input)
    event.items = inputs.length
    const deadlineAtMs = options.deadlineMs === undefined ? undefined : startedAtMs + options.deadlineMs
    const result = await attempt(context, model, inputs, { ...options, deadlineAtMs }, timings)
    event.tokens = result.tokenCounts.reduce((sum, count) => sum + count, 0)
    return result
  } catch (error) {
    event.outcome = outcomeOf(error, options.signal)
    throw error
  } finally {
    events.emit('request', event)
  }
}

/** Work that a lost model had not begun is done again, once, on the next generation. */
async function attempt(
  context: ServiceContext,
  model: string,
  inputs: readonly EmbedInput[],
  options: EmbedOptions & { deadlineAtMs: number | undefined },
  timings: Timings,
): Promise<EmbedResult> {
  try {
    return await runOnLease(context, model, inputs, options, timings)
  } catch (error) {
    if (!(error instanceof LeaseRevokedError) || error.wasStarted) throw error
    return runOnLease(context, model, inputs, options, timings)
  }
}

async function runOnLease(
  { manager, clock }: ServiceContext,
  model: string,
  inputs: readonly EmbedInput[],
  options: EmbedOptions & { deadlineAtMs: number | undefined },
  timings: Timings,
): Promise<EmbedResult> {
  const calledAtMs = clock.nowMs()
  const granted = manager.acquire(model, 'use', remaining(options, calledAtMs))
  const admittedAtMs = clock.nowMs()
  timings.admitMs += admittedAtMs - calledAtMs
  const lease = granted instanceof Promise ? await granted : granted
  try {
    timings.loadMs += lease.loadMs
    timings.queueMs += Math.max(0, clock.nowMs() - admittedAtMs - lease.loadMs)
    const run = embedOf(lease)
    const embeddings = await run(inputs, runOptions(options))
    timings.tokeniseMs += embeddings.timings.tokeniseMs
    timings.queueMs += embeddings.timings.queueMs
    timings.inferMs += embeddings.timings.inferMs
    return resultOf(embeddings, lease, timings)
  } finally {
    lease.release()
  }
}

/** A second attempt has what is left of the deadline. */
function remaining(
  options: EmbedOptions & { deadlineAtMs: number | undefined },
  nowMs: number,
): AcquireOptions {
  if (options.deadlineAtMs === undefined) return options
  return { ...options, deadlineMs: options.deadlineAtMs - nowMs }
}

function embedOf({
  model,
  key,
}: ManagedLease): (inputs: readonly EmbedInput[], options: EmbedRunOptions) => Promise<Embeddings> {
  if (model.embed)
    return (inputs, options) => (model.embed as NonNullable<typeof model.embed>)(inputs, options)
  throw new InvalidInputError(`${key.name} cannot embed; it can ${model.tasks.join(', ')}.`, {
    model: key.name,
  })
}

function runOptions(options: EmbedOptions & { deadlineAtMs: number | undefined }): EmbedRunOptions {
  const { signal, deadlineAtMs, priority, tenant, inputType, truncate, normalize, dimensions } = options
  return Object.fromEntries(
    Object.entries({
      signal,
      deadlineAtMs,
      priority,
      tenant,
      inputType,
      truncate,
      normalize,
      dimensions,
    }).filter(([, value]) => value !== undefined),
  )
}

function resultOf(embeddings: Embeddings, lease: ManagedLease, timings: Timings): EmbedResult {
  const { values, dimensions, tokenCounts, truncated } = embeddings
  const vectors = tokenCounts.map((_, index) => values.subarray(index * dimensions, (index + 1) * dimensions))
  const { servedBy, generation } = lease
  return { vectors, dimensions, tokenCounts, truncated, servedBy, generation, timings }
}

/** One text, the token ids of one text, or several of either. */
function asInputs(input: EmbedInput | readonly EmbedInput[]): readonly EmbedInput[] {
  if (typeof input === 'string') return [input]
  if (!Array.isArray(input))
    throw new InvalidInputError(`input must be a text or an array of texts, not ${kindOf(input)}.`, {
      field: 'input',
    })
  if (input.length === 0)
    throw new InvalidInputError('input must hold at least one text.', { field: 'input' })
  if (typeof input[0] === 'number') return [input as number[]]
  input.forEach((item: unknown, index) => {
    if (typeof item !== 'string' && !Array.isArray(item)) {
      throw new InvalidInputError(
        `input[${index}] must be a text or an array of token ids, not ${kindOf(item)}.`,
        {
          field: `input[${index}]`,
        },
      )
    }
  })
  return input as readonly EmbedInput[]
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}

function outcomeOf(error: unknown, signal: AbortSignal | undefined): string {
  if (error instanceof LeaseholdError) return error.code
  return signal?.aborted ? 'ABORTED' : 'ERROR'
}
