import type { BatchLimits } from '../../batching/batch-cut.ts'
import { BatchQueue } from '../../batching/batch-queue.ts'
import type { EncodedText } from '../../engine/text-tokenizer.ts'
import type { VectorSink } from '../../engine/embedder.ts'
import { RunCancellation } from '../../engine/run-cancellation.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Deferred } from '../../kernel/deferred.ts'
import { toWire } from '../../kernel/error-wire.ts'
import { DeadlineExceededError, InferenceError } from '../../kernel/errors.ts'
import type { BatchReport, EmbedInput, EmbedRequest, FromThread } from '../protocol.ts'
import { EmbedJob, type JobText } from './embed-job.ts'

/** What the resident needs of a loaded model. */
export interface EmbeddingEngine {
  readonly dimensions: number
  /** @throws InvalidInputError, InputTooLongError naming `input[index]` */
  encode(input: EmbedInput, index: number, request: EmbedRequest['options']): EncodedText
  run(texts: readonly Int32Array[], cancellation: RunCancellation, sink: VectorSink): Promise<void>
}

export interface ResidentOptions {
  readonly engine: EmbeddingEngine
  readonly clock: Clock
  readonly maxRuns: number
  readonly batchLimits: BatchLimits
  send(message: FromThread, transfer?: ArrayBuffer[]): void
  /** Called with the number of runs in flight whenever it changes. */
  onRunsChanged(activeRuns: number): void
}

/** How long texts are encoded before messages and ended runs get their turn. */
const TOKENISE_SLICE_MS = 4

interface ActiveRun {
  readonly texts: readonly JobText[]
  readonly cancellation: RunCancellation
}

/**
 * A loaded model at work: takes requests, encodes their texts a slice at a time, forms batches and keeps as many runs in
 * flight as it may.
 */
export class Resident {
  readonly #options: ResidentOptions
  readonly #jobs = new Map<number, EmbedJob>()
  /** Jobs with inputs that are not encoded yet. Each gets one input encoded in its turn, so that none holds the others up. */
  readonly #toEncode: EmbedJob[] = []
  readonly #queue = new BatchQueue<JobText>()
  /** Texts of a batch that failed: each runs again by itself, so that only the one at fault fails its caller. */
  readonly #toRunAlone: JobText[] = []
  readonly #runs = new Set<ActiveRun>()
  #lastRun = 0
  #isTurnScheduled = false
  #idle: Deferred<void> | undefined

  constructor(options: ResidentOptions) {
    this.#options = options
  }

  embed(request: EmbedRequest): void {
    const { engine, clock } = this.#options
    let job: EmbedJob
    try {
      job = new EmbedJob(request, engine.dimensions, clock.nowMs())
    } catch (error) {
      this.#options.send({ type: 'failed', id: request.id, error: toWire(error) })
      return
    }
    this.#jobs.set(job.id, job)
    if (job.isComplete) return this.#answer(job, clock.nowMs())
    this.#toEncode.push(job)
    this.#scheduleTurn()
  }

  /** Its caller has left: what waits is dropped, and a run that serves nobody any more is stopped. */
  withdraw(id: number): void {
    const job = this.#jobs.get(id)
    if (job !== undefined) this.#end(job)
  }

  stopRuns(): void {
    for (const run of this.#runs) run.cancellation.request()
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
  #scheduleTurn(): void {
    if (this.#isTurnScheduled) return
    this.#isTurnScheduled = true
    setImmediate(() => {
      this.#isTurnScheduled = false
      this.#encodeSlice()
      this.#startRuns()
      if (this.#toEncode.length > 0) this.#scheduleTurn()
    })
  }

  #encodeSlice(): void {
    const { clock } = this.#options
    const endAtMs = clock.nowMs() + TOKENISE_SLICE_MS
    for (let job = this.#toEncode.shift(); job !== undefined; job = this.#toEncode.shift()) {
      if (!job.isEnded) this.#encodeNext(job)
      if (!job.isEnded && !job.isEncoded) this.#toEncode.push(job)
      if (clock.nowMs() >= endAtMs) return
    }
  }

  #encodeNext(job: EmbedJob): void {
    const { engine, clock } = this.#options
    const index = job.texts.length
    const startedAtMs = clock.nowMs()
    try {
      const encoded = engine.encode(job.inputs[index] as EmbedInput, index, job.options)
      this.#queue.add(job.addText(encoded.ids, encoded.isTruncated, clock.nowMs() - startedAtMs))
    } catch (error) {
      this.#fail(job, error)
    }
  }

  #startRuns(): void {
    while (this.#runs.size < this.#options.maxRuns) {
      const batch = this.#nextBatch()
      if (batch.length === 0) return
      void this.#run(batch)
    }
  }

  /** Empty when nothing waits. */
  #nextBatch(): readonly JobText[] {
    const alone = this.#toRunAlone.shift()
    if (alone !== undefined) return alone.job.isEnded ? this.#nextBatch() : [alone]
    const { clock, maxRuns, batchLimits } = this.#options
    const nowMs = clock.nowMs()
    const { batch, expired } = this.#queue.next(nowMs, maxRuns - this.#runs.size, batchLimits)
    for (const text of expired) this.#expire(text, nowMs)
    return batch.length === 0 && this.#queue.size > 0 ? this.#nextBatch() : batch
  }

  /** Never rejects: a run that fails is told to those whose texts were in it. */
  async #run(texts: readonly JobText[]): Promise<void> {
    const { engine, clock } = this.#options
    const run: ActiveRun = { texts, cancellation: new RunCancellation() }
    const number = ++this.#lastRun
    this.#runs.add(run)
    this.#options.onRunsChanged(this.#runs.size)
    const requests = [...new Set(texts.map(({ job }) => job.id))]
    this.#options.send({ type: 'run-started', run: number, requests })
    const startedAtMs = clock.nowMs()
    let batch: BatchReport | undefined
    try {
      await engine.run(
        texts.map((text) => text.ids),
        run.cancellation,
        (index, vector) => this.#finishText(texts[index] as JobText, vector),
      )
      batch = reportOf(texts, clock.nowMs() - startedAtMs)
    } catch (cause) {
      this.#failRun(run, clock.nowMs() - startedAtMs, cause)
    }
    // Before the answers: whoever has them all may look at the number of runs next.
    this.#runs.delete(run)
    this.#options.onRunsChanged(this.#runs.size)
    this.#options.send({ type: 'run-ended', run: number, batch })
    for (const { job } of texts) if (!job.isEnded && job.isComplete) this.#answer(job, startedAtMs)
    if (this.#runs.size === 0) this.#idle?.resolve()
    this.#scheduleTurn()
  }

  #finishText(text: JobText, vector: Float32Array): void {
    if (text.job.isEnded) return
    try {
      text.job.finishText(text, vector)
    } catch (error) {
      this.#fail(text.job, error)
    }
  }

  #failRun(run: ActiveRun, durationMs: number, cause: unknown): void {
    const isStopped = run.cancellation.isRequested
    if (!isStopped && run.texts.length > 1) {
      this.#toRunAlone.push(...run.texts)
      return
    }
    for (const { job, index } of run.texts) {
      const field = `input[${index}]`
      const message = isStopped
        ? `The run was stopped after ${Math.round(durationMs)} ms.`
        : `The model failed on ${field}.`
      this.#fail(job, new InferenceError(message, { field, cause }))
    }
  }

  #expire(text: JobText, nowMs: number): void {
    const waitedMs = nowMs - text.job.arrivedAtMs
    const message = `The deadline passed after ${Math.round(waitedMs)} ms of waiting for a run; the work was not done.`
    this.#fail(text.job, new DeadlineExceededError(message, { waitedMs }))
  }

  #answer(job: EmbedJob, lastRunStartedAtMs: number): void {
    const reply = job.reply(this.#options.clock.nowMs(), lastRunStartedAtMs)
    this.#end(job)
    this.#options.send(reply, [reply.values.buffer])
  }

  #fail(job: EmbedJob, error: unknown): void {
    if (job.isEnded) return
    this.#end(job)
    this.#options.send({ type: 'failed', id: job.id, error: toWire(error) })
  }

  /** The one way out of the resident for a job. */
  #end(job: EmbedJob): void {
    job.isEnded = true
    this.#jobs.delete(job.id)
    for (const text of job.texts) this.#queue.withdraw(text)
    for (const run of this.#runs) if (run.texts.every((text) => text.job.isEnded)) run.cancellation.request()
  }
}

function reportOf(texts: readonly JobText[], inferMs: number): BatchReport {
  const lengths = texts.map((text) => text.tokens)
  return {
    texts: texts.length,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    paddedTokens: Math.max(...lengths) * texts.length,
    inferMs,
  }
}
