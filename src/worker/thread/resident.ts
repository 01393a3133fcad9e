import { RunCost } from '../../batching/run-cost.ts'
import { TokenBudget } from '../../batching/token-budget.ts'
import { LEVEL_MS } from '../../batching/waiting-item.ts'
import { RunCancellation } from '../../engine/run-cancellation.ts'
import type { Engine, RunItem } from '../../engine/run-item.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Deferred } from '../../kernel/deferred.ts'
import { toWire } from '../../kernel/error-wire.ts'
import { DeadlineExceededError, InferenceError, InvalidInputError } from '../../kernel/errors.ts'
import { WaitQueue } from '../../kernel/wait-queue.ts'
import type { BatchReport, FromThread, Request } from '../protocol.ts'
import type { Job } from './job.ts'
import { JobClock } from './job-clock.ts'
import { RunPermits } from './run-permits.ts'
import { WaitingItems, type NextItems, type SharedItem } from './waiting-items.ts'

/** A loaded model, as the resident works with it. */
export interface ResidentModel<Row> extends Engine<Row> {
  /**
   * @param tell Sends what the caller is to hear before the answer.
   * @throws InvalidInputError that names the field
   */
  createJob(request: Request, nowMs: number, tell: (message: FromThread) => void): Job<Row>
}

export interface ResidentOptions<Row> {
  readonly model: ResidentModel<Row>
  readonly clock: Clock
  /** @default one that learns */
  readonly budget?: Pick<TokenBudget, 'maxPaddedTokens' | 'observe'>
  send(message: FromThread, transfer?: ArrayBuffer[]): void
  /** Called with the number of runs in flight whenever it changes. */
  onRunsChanged(activeRuns: number): void
}

/** How long inputs are encoded before messages and ended runs get their turn. */
const ENCODE_SLICE_MS = 4

interface ActiveRun<Row> {
  readonly items: readonly SharedItem<Row>[]
  readonly cancellation: RunCancellation
}

/**
 * A loaded model at work: takes requests, encodes them a slice at a time, forms batches and keeps as many runs in flight as
 * it may.
 */
export class Resident<Row> {
  readonly permits: RunPermits
  readonly #options: ResidentOptions<Row>
  readonly #jobs = new Map<number, Job<Row>>()
  readonly #timings = new WeakMap<Job<Row>, JobClock>()
  readonly #weights = new Map<string, number>()
  /** Jobs with inputs that are not encoded yet. Each gets one piece encoded in its turn, so that none holds the others up. */
  readonly #toEncode = new WaitQueue<Job<Row>>({
    weightOf: (tenant) => this.#weightOf(tenant),
    agingMs: () => LEVEL_MS,
    risesOnlyUnserved: true,
  })
  readonly #items = new WaitingItems<Row>((tenant) => this.#weightOf(tenant))
  /** Items of a batch that failed: each runs again by itself, so that only the one at fault fails its callers. */
  readonly #toRunAlone: SharedItem<Row>[] = []
  readonly #runs = new Map<number, ActiveRun<Row>>()
  readonly #cost = new RunCost()
  readonly #budget: NonNullable<ResidentOptions<Row>['budget']>
  #lastRun = 0
  #isTurnScheduled = false
  #idle: Deferred<void> | undefined

  constructor(options: ResidentOptions<Row>) {
    this.#options = options
    this.#budget = options.budget ?? new TokenBudget()
    this.permits = new RunPermits((message) => options.send(message))
  }

  ask(request: Request): void {
    const { model, clock } = this.#options
    let job: Job<Row>
    try {
      job = model.createJob(request, clock.nowMs(), (message) => this.#options.send(message))
    } catch (error) {
      this.#options.send({ type: 'failed', id: request.id, error: toWire(error) })
      return
    }
    if (job.weight === 1) this.#weights.delete(job.tenant)
    else this.#weights.set(job.tenant, job.weight)
    this.#jobs.set(job.id, job)
    this.#timings.set(job, new JobClock(job.arrivedAtMs))
    this.#encodeLater(job)
  }

  /** The caller of a request has read so many parts of its answer, and can take more. */
  read(id: number, parts: number): void {
    const job = this.#jobs.get(id)
    job?.read(parts)
    if (job !== undefined) this.#encodeLater(job)
  }

  /** Its caller has left: what waits is dropped, and a run that serves nobody any more is stopped. */
  withdraw(id: number): void {
    const job = this.#jobs.get(id)
    if (job === undefined) return
    this.#end(job)
    this.scheduleTurn()
  }

  /** Whoever asks to have it stopped may know its end later than the resident: then nothing is left to stop. */
  stopRun(number: number): void {
    const run = this.#runs.get(number)
    run?.cancellation.request()
    // Whoever asks from now on is not to share its end.
    for (const item of run?.items ?? []) this.#items.forget(item)
  }

  /** Settles when no run is in flight any more. What waits is dropped: whoever closes has told the callers. */
  async close(): Promise<void> {
    for (const job of this.#jobs.values()) this.#end(job)
    if (this.#runs.size === 0) return
    this.#idle ??= new Deferred()
    await this.#idle.promise
  }

  /**
   * Work is done in turns of the event loop, not on the spot: all messages that have arrived by then are seen together,
   * so that callers who come at the same time share a batch, and nobody waits for it.
   */
  scheduleTurn(): void {
    if (this.#isTurnScheduled) return
    this.#isTurnScheduled = true
    setImmediate(() => {
      this.#isTurnScheduled = false
      this.#encodeSlice()
      this.#startRuns()
      this.permits.giveBackRecalled()
      if (this.#toEncode.size > 0) this.scheduleTurn()
    })
  }

  #encodeLater(job: Job<Row>): void {
    if (job.isEnded) return
    if (job.place === undefined) this.#toEncode.add(job)
    this.scheduleTurn()
  }

  #encodeSlice(): void {
    const { clock } = this.#options
    const endAtMs = clock.nowMs() + ENCODE_SLICE_MS
    for (let job = this.#toEncode.take(endAtMs); job !== undefined; job = this.#toEncode.take(endAtMs)) {
      if (!job.isEnded && !job.isEncoded && !job.isPaused) this.#encodeNext(job)
      if (job.isEncoded) this.#answerIfDone(job, clock.nowMs())
      // At the end of the line: it comes again in this slice if there is time.
      else if (!job.isEnded && !job.isPaused) this.#toEncode.add(job)
      if (clock.nowMs() >= endAtMs) return
    }
  }

  #encodeNext(job: Job<Row>): void {
    const { clock } = this.#options
    const startedAtMs = clock.nowMs()
    try {
      for (const item of job.encodeNext()) this.#want(item, job)
      this.#timings.get(job)?.encoded(clock.nowMs() - startedAtMs)
    } catch (error) {
      this.#fail(job, error)
    }
  }

  #want(item: RunItem, job: Job<Row>): void {
    const number = (this.#timings.get(job) as JobClock).items++
    if (item.ids.length === 0) {
      const field = job.fieldOf(number)
      throw new InvalidInputError(`${field} has no tokens at all.`, { field })
    }
    job.pending.add(this.#items.want(item, { job, item: number }))
  }

  #startRuns(): void {
    while (this.permits.free > 0) {
      const batch = this.#nextBatch()
      if (batch.length === 0) return
      void this.#run(batch)
    }
    if (this.#items.size > 0 || this.#toRunAlone.length > 0) this.permits.want()
  }

  /** Empty when nothing waits. */
  #nextBatch(): readonly SharedItem<Row>[] {
    while (this.#toRunAlone.length > 0 || this.#items.size > 0) {
      const nowMs = this.#options.clock.nowMs()
      const alone = this.#toRunAlone.shift()
      const { batch, expired } = alone ? { batch: [alone], expired: [] } : this.#decide(nowMs)
      for (const { subscribers } of [...batch, ...expired]) {
        this.#expire(
          subscribers.map(({ job }) => job),
          nowMs,
        )
      }
      const wanted = batch.filter(({ subscribers }) => subscribers.length > 0)
      if (wanted.length > 0) return wanted
    }
    return []
  }

  #decide(nowMs: number): NextItems<Row> {
    return this.#items.next(nowMs, this.permits.free, {
      maxPaddedTokens: this.#budget.maxPaddedTokens,
      maxItems: this.#options.model.isBatchInvariant ? Infinity : 1,
      overheadTokens: this.#cost.overheadTokens,
    })
  }

  /** Never rejects: a run that fails is told to those whose items were in it. */
  async #run(items: readonly SharedItem<Row>[]): Promise<void> {
    const { model, clock } = this.#options
    const run: ActiveRun<Row> = { items, cancellation: new RunCancellation() }
    const number = ++this.#lastRun
    const budgetTokens = this.#budget.maxPaddedTokens
    this.#begin(run, number)
    const startedAtMs = clock.nowMs()
    let batch: BatchReport | undefined
    try {
      await model.run(
        items.map(({ item }) => item),
        run.cancellation,
        (index, row) => {
          const item = items[index] as SharedItem<Row>
          this.#takeRow(item, row)
          if (model.givesRowsEarly) this.#done(item, startedAtMs)
        },
        (index) => (items[index] as SharedItem<Row>).subscribers.length > 0,
      )
      batch = reportOf(items, clock.nowMs() - startedAtMs)
      this.#learn(batch, budgetTokens)
    } catch (cause) {
      this.#failRun(run, clock.nowMs() - startedAtMs, cause)
    }
    // Before the answers: whoever has them all may look at the number of runs next.
    this.#runs.delete(number)
    this.#options.onRunsChanged(this.#runs.size)
    this.#options.send({ type: 'run-ended', run: number, batch })
    for (const item of batch === undefined ? [] : items) this.#done(item, startedAtMs)
    this.permits.end()
    if (this.#runs.size === 0) this.#idle?.resolve()
    this.scheduleTurn()
  }

  #begin(run: ActiveRun<Row>, number: number): void {
    this.permits.use()
    this.#runs.set(number, run)
    this.#options.onRunsChanged(this.#runs.size)
    const requests = new Set(run.items.flatMap(({ subscribers }) => subscribers.map(({ job }) => job.id)))
    this.#options.send({ type: 'run-started', run: number, requests: [...requests] })
  }

  #learn({ paddedTokens, tokens, inferMs }: BatchReport, budgetTokens: number): void {
    this.#cost.observe(paddedTokens, inferMs)
    this.#budget.observe(budgetTokens, paddedTokens, tokens, inferMs)
  }

  #takeRow({ subscribers }: SharedItem<Row>, row: Row): void {
    for (const { job, item } of [...subscribers]) {
      if (job.isEnded) continue
      try {
        job.takeRow(item, row)
      } catch (error) {
        this.#fail(job, error)
      }
    }
  }

  /** Its run has ended well: those who have got all they want are answered. */
  #done(item: SharedItem<Row>, startedAtMs: number): void {
    this.#items.forget(item)
    for (const { job } of item.subscribers.splice(0)) {
      job.pending.delete(item)
      if (job.isEncoded) this.#answerIfDone(job, startedAtMs)
      else this.#encodeLater(job)
    }
  }

  #failRun(run: ActiveRun<Row>, durationMs: number, cause: unknown): void {
    const isStopped = run.cancellation.isRequested
    const left = run.items.filter(({ subscribers }) => subscribers.length > 0)
    if (!isStopped && run.items.length > 1) {
      this.#toRunAlone.push(...left)
      return
    }
    for (const item of left) {
      this.#items.forget(item)
      for (const subscriber of [...item.subscribers]) {
        const field = subscriber.job.fieldOf(subscriber.item)
        const message = isStopped
          ? `The run was stopped after ${Math.round(durationMs)} ms.`
          : `The model failed on ${field}.`
        this.#fail(subscriber.job, new InferenceError(message, { field, cause }))
      }
    }
  }

  #expire(jobs: readonly Job<Row>[], nowMs: number): void {
    for (const job of jobs) {
      if (job.deadlineAtMs > nowMs) continue
      const waitedMs = nowMs - job.arrivedAtMs
      const message = `The deadline passed after ${Math.round(waitedMs)} ms of waiting for a run; the work was not done.`
      this.#fail(job, new DeadlineExceededError(message, { waitedMs }))
    }
  }

  #answerIfDone(job: Job<Row>, lastRunStartedAtMs: number): void {
    if (job.isEnded || !job.isEncoded || job.pending.size > 0) return
    const times = this.#timings.get(job) as JobClock
    const { message, transfer } = job.reply(times.timings(this.#options.clock.nowMs(), lastRunStartedAtMs))
    this.#end(job)
    this.#options.send(message, transfer)
  }

  #fail(job: Job<Row>, error: unknown): void {
    if (job.isEnded) return
    this.#end(job)
    this.#options.send({ type: 'failed', id: job.id, error: toWire(error) })
  }

  /** The one way out of the resident for a job. */
  #end(job: Job<Row>): void {
    job.isEnded = true
    this.#jobs.delete(job.id)
    this.#toEncode.remove(job)
    for (const item of job.pending) this.#items.leave(item, job)
    job.pending.clear()
    for (const run of this.#runs.values()) {
      if (run.items.every(({ subscribers }) => subscribers.length === 0)) run.cancellation.request()
    }
  }

  #weightOf(tenant: string): number {
    return this.#weights.get(tenant) ?? 1
  }
}

function reportOf(items: readonly WithTokens[], inferMs: number): BatchReport {
  const lengths = items.map(({ tokens }) => tokens)
  return {
    texts: items.length,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    paddedTokens: Math.max(...lengths) * items.length,
    inferMs,
  }
}

type WithTokens = Pick<SharedItem<unknown>, 'tokens'>
