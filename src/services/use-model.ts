import type { Clock } from '../kernel/clock.ts'
import { InvalidInputError, LeaseholdError, LeaseRevokedError } from '../kernel/errors.ts'
import type { Emitter } from '../kernel/events.ts'
import type { RuntimeEvents, Timings } from '../kernel/runtime-events.ts'
import type { AcquireOptions } from '../manager/acquire-options.ts'
import type { ModelManager } from '../manager/model-manager.ts'
import type { Model, RunOptions, RunTimings, Task } from '../registry/model.ts'
import type { ResultCache } from './result-cache.ts'

/** What the verbs stand on. */
export interface ServiceContext {
  readonly manager: ModelManager
  readonly clock: Clock
  readonly events: Emitter<RuntimeEvents>
  /** Absent: every text is computed. */
  readonly cache?: ResultCache | undefined
}

/** What one verb does with a model. */
export interface Verb<Answer extends { readonly timings: RunTimings }> {
  readonly task: Task
  /** Checks what it is to work on and answers with the number of items. @throws InvalidInputError that names the field */
  check(): number
  /** Undefined where the model does not have the verb. */
  run(model: Model, options: RunOptions): Promise<Answer> | undefined
  tokensOf(answer: Answer): number
}

/** An answer, and what it came from. */
export interface Served<Answer> {
  readonly answer: Answer
  /** What really served, `minilm:int8@cpu`; a fallback shows here. */
  readonly servedBy: string
  /** The whole answer comes from this one generation. */
  readonly generation: number
  readonly timings: Timings
}

/** The options, with the deadline as a point in time: a second attempt has what is left of it. */
type TimedOptions = AcquireOptions & { readonly deadlineAtMs: number | undefined }

/** One use of a model, on one lease, told to those who listen. */
export async function useModel<Answer extends { readonly timings: RunTimings }>(
  context: ServiceContext,
  model: string,
  verb: Verb<Answer>,
  options: AcquireOptions,
): Promise<Served<Answer>> {
  const { clock, events } = context
  const startedAtMs = clock.nowMs()
  const timings: Timings = { admitMs: 0, queueMs: 0, loadMs: 0, tokeniseMs: 0, inferMs: 0, encodeMs: 0 }
  const event = { model, task: verb.task, outcome: 'ok', items: 0, tokens: 0, timings }
  try {
    event.items = verb.check()
    const deadlineAtMs = options.deadlineMs === undefined ? undefined : startedAtMs + options.deadlineMs
    const served = await attempt(context, model, verb, { ...options, deadlineAtMs }, timings)
    event.tokens = verb.tokensOf(served.answer)
    return served
  } catch (error) {
    event.outcome = outcomeOf(error, options.signal)
    throw error
  } finally {
    events.emit('request', event)
  }
}

/** Work that a lost model had not begun is done again, once, on the next generation. */
async function attempt<Answer extends { readonly timings: RunTimings }>(
  context: ServiceContext,
  model: string,
  verb: Verb<Answer>,
  options: TimedOptions,
  timings: Timings,
): Promise<Served<Answer>> {
  try {
    return await runOnLease(context, model, verb, options, timings)
  } catch (error) {
    if (!(error instanceof LeaseRevokedError) || error.wasStarted) throw error
    return runOnLease(context, model, verb, options, timings)
  }
}

async function runOnLease<Answer extends { readonly timings: RunTimings }>(
  { manager, clock }: ServiceContext,
  name: string,
  verb: Verb<Answer>,
  options: TimedOptions,
  timings: Timings,
): Promise<Served<Answer>> {
  const calledAtMs = clock.nowMs()
  const granted = manager.acquire(name, 'use', remaining(options, calledAtMs))
  const admittedAtMs = clock.nowMs()
  timings.admitMs += admittedAtMs - calledAtMs
  const lease = granted instanceof Promise ? await granted : granted
  try {
    timings.loadMs += lease.loadMs
    timings.queueMs += Math.max(0, clock.nowMs() - admittedAtMs - lease.loadMs)
    const { model, servedBy, generation } = lease
    const running = model.tasks.includes(verb.task) ? verb.run(model, runOptions(options)) : undefined
    if (running === undefined) throw cannot(name, verb.task, model)
    const answer = await running
    timings.tokeniseMs += answer.timings.tokeniseMs
    timings.queueMs += answer.timings.queueMs
    timings.inferMs += answer.timings.inferMs
    return { answer, servedBy, generation, timings }
  } finally {
    lease.release()
  }
}

function remaining(options: TimedOptions, nowMs: number): AcquireOptions {
  if (options.deadlineAtMs === undefined) return options
  return { ...options, deadlineMs: options.deadlineAtMs - nowMs }
}

function runOptions({ signal, deadlineAtMs, priority, tenant }: TimedOptions): RunOptions {
  return given({ signal, deadlineAtMs, priority, tenant })
}

/** Without what is undefined: an option that is not given has its default. */
export function given<Options extends object>(
  options: Options,
): { [Name in keyof Options]?: Exclude<Options[Name], undefined> } {
  // A loop, where three functions of Object would say it shorter: this runs twice in every call.
  const kept: { [Name in keyof Options]?: Exclude<Options[Name], undefined> } = {}
  for (const name of Object.keys(options) as (keyof Options)[]) {
    const value = options[name]
    if (value !== undefined) kept[name] = value as Exclude<Options[typeof name], undefined>
  }
  return kept
}

function cannot(name: string, task: Task, { tasks }: Model): InvalidInputError {
  return new InvalidInputError(`${name} cannot ${task}; it can ${tasks.join(', ')}.`, {
    model: name,
    field: 'model',
  })
}

function outcomeOf(error: unknown, signal: AbortSignal | undefined): string {
  if (error instanceof LeaseholdError) return error.code
  return signal?.aborted ? 'ABORTED' : 'ERROR'
}
