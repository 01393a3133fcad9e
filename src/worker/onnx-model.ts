import { onAbort } from '../kernel/abort.ts'
import { Deferred } from '../kernel/deferred.ts'
import { fromWire } from '../kernel/error-wire.ts'
import { InvalidInputError, LeaseRevokedError, ModelLoadError } from '../kernel/errors.ts'
import type { BatchEvent } from '../kernel/runtime-events.ts'
import type { Isolation } from '../registry/isolation.ts'
import { formatKey } from '../registry/model-key.ts'
import type {
  Embeddings,
  EmbeddingInfo,
  EmbedInput,
  EmbedRunOptions,
  LoadRequest,
  Model,
  RerankRunOptions,
  RerankScores,
  Task,
  TranslateRunOptions,
  TranslationInfo,
  Translations,
} from '../registry/model.ts'
import { EngineUnavailable } from './engine-unavailable.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Host, HostEnd, HostOptions } from './host.ts'
import { PendingCalls } from './pending-calls.ts'
import type {
  EmbedReply,
  FromThread,
  Gauges,
  ModelDescription,
  Reply,
  RerankReply,
  Request,
  SentenceDone,
  ThreadTranslation,
  TranslateReply,
} from './protocol.ts'
import { embedOptions, rerankOptions, translateOptions, type Sender } from './request-options.ts'
import type { CreditHolder, RunCredits } from './run-credits.ts'

/** A translator has an encoder and a decoder; others have one graph. */
const MAX_SESSIONS = 2

/** What a translator's runs keep from step to step: 96 for NLLB with 24 layers, twice while a step runs, and some runs at once. */
const MAX_VALUES = 2_048

export interface OnnxModelOptions extends Sender {
  /** Starts what the model is to live in. */
  readonly startHost: (options: HostOptions) => Host
  /** Why it is a process, where a thread was meant. */
  readonly isolationReason?: string | undefined
  /** Threads that each run uses. */
  readonly intraOpThreads: number
  /** The runs that all models of the process share. */
  readonly credits: RunCredits
  /** The ONNX file, relative to the source. */
  readonly graphFile: string
  readonly translation: ThreadTranslation
  onBatch(event: BatchEvent): void
}

type RunEvent = Parameters<Parameters<NonNullable<Model['onRun']>>[0]>[0]

/** `ending`: told to close or killed, so that its end is no surprise. */
type State = 'loading' | 'ready' | 'ending' | 'ended'

/** The main side of a resident in a worker thread or a child process: passes calls on and answers back. */
export class OnnxModel implements Model {
  readonly #request: LoadRequest
  readonly #title: string
  readonly #options: OnnxModelOptions
  readonly #host: Host
  readonly #gauges: Gauges = {
    activeRuns: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    memoryBytes: new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)),
    sessionAddresses: new BigUint64Array(
      new SharedArrayBuffer(MAX_SESSIONS * BigUint64Array.BYTES_PER_ELEMENT),
    ),
    valueAddresses: new BigUint64Array(new SharedArrayBuffer(MAX_VALUES * BigUint64Array.BYTES_PER_ELEMENT)),
  }
  readonly #calls = new PendingCalls()
  readonly #lostListeners = new Set<(error: Error) => void>()
  readonly #runListeners = new Set<(event: RunEvent) => void>()
  readonly #loaded = new Deferred<ModelDescription>()
  readonly #creditHolder: CreditHolder
  readonly #heartbeat: Heartbeat
  #state: State = 'loading'
  #description: ModelDescription = { tasks: [] }
  /** Why it was ended from here though nobody asked for that. */
  #silence: Error | undefined
  /** Makes an error of the end that nobody asked for; undefined as long as there was none. */
  #lostError: ((wasStarted: boolean) => Error) | undefined

  private constructor(request: LoadRequest, options: OnnxModelOptions) {
    this.#request = request
    this.#title = formatKey(request.key)
    this.#options = options
    this.#host = options.startHost({
      title: this.#title,
      data: {
        version: 1,
        folder: request.source,
        graphFile: options.graphFile,
        intraOpThreads: options.intraOpThreads,
        sparesCores: options.credits.areInUse,
        translation: options.translation,
      },
      gauges: this.#gauges,
      onMessage: (message) => this.#onMessage(message),
    })
    this.#creditHolder = {
      maxRuns: this.#host.maxRuns,
      activeRuns: () => this.activeRuns,
      grant: (runs) => this.#host.post({ type: 'runs-granted', runs }),
      recall: () => this.#host.post({ type: 'run-recalled' }),
    }
    this.#heartbeat = new Heartbeat({
      clock: options.clock,
      ask: () => this.#host.post({ type: 'are-you-alive' }),
      isAwaited: () => this.#calls.size > 0,
      isExcused: () => this.#host.isolation === 'process' && this.activeRuns > 0,
      onSilent: (error) => {
        this.#silence = error
        this.#host.terminate()
      },
    })
    void this.#host.ended.then((end) => this.#onEnded(end))
  }

  /**
   * Starts a thread or a process and loads the model in it. When the signal aborts, whatever was opened is closed before this rejects
   * with the signal's reason.
   * @throws ModelLoadError
   */
  static async load(request: LoadRequest, options: OnnxModelOptions): Promise<OnnxModel> {
    const { signal } = request
    signal.throwIfAborted()
    const model = new OnnxModel(request, options)
    const abortListener = onAbort(signal, () => void model.close())
    try {
      model.#description = await model.#loaded.promise
      signal.throwIfAborted()
      return model
    } catch (error) {
      await model.close()
      throw signal.aborted ? (signal.reason as Error) : error
    } finally {
      abortListener[Symbol.dispose]()
    }
  }

  get tasks(): readonly Task[] {
    return this.#description.tasks
  }

  get embedding(): EmbeddingInfo | undefined {
    return this.#description.embedding
  }

  get translation(): TranslationInfo | undefined {
    return this.#description.translation
  }

  get isolation(): Isolation {
    return this.#host.isolation
  }

  get isolationReason(): string | undefined {
    return this.#options.isolationReason
  }

  get activeRuns(): number {
    return Atomics.load(this.#gauges.activeRuns, 0)
  }

  get memoryBytes(): number {
    return Number(Atomics.load(this.#gauges.memoryBytes, 0))
  }

  async embed(inputs: readonly EmbedInput[], options: EmbedRunOptions = {}): Promise<Embeddings> {
    const { values, dimensions, tokenCounts, truncated, timings } = await this.#ask<EmbedReply>(
      options.signal,
      (id) => ({
        type: 'embed',
        id,
        inputs,
        options: embedOptions(options, this.#options),
      }),
    )
    return { values, dimensions, tokenCounts, truncated, timings }
  }

  async rerank(
    query: string,
    documents: readonly string[],
    options: RerankRunOptions = {},
  ): Promise<RerankScores> {
    const { scores, tokenCounts, queryTokens, truncated, timings } = await this.#ask<RerankReply>(
      options.signal,
      (id) => ({
        type: 'rerank',
        id,
        query,
        documents,
        options: rerankOptions(options, this.#options),
      }),
    )
    return { scores, tokenCounts, queryTokens, truncated, timings }
  }

  async translate(texts: readonly string[], options: TranslateRunOptions = {}): Promise<Translations> {
    const { onSentence } = options
    const {
      texts: translated,
      tokenCounts,
      cut,
      timings,
    } = await this.#ask<TranslateReply>(
      options.signal,
      (id) => ({
        type: 'translate',
        id,
        texts,
        options: translateOptions(options, this.#options),
      }),
      onSentence,
    )
    return { texts: translated, tokenCounts, cut, timings }
  }

  onLost(listener: (error: Error) => void): Disposable {
    if (this.#lostError !== undefined) listener(this.#lostError(true))
    else this.#lostListeners.add(listener)
    return { [Symbol.dispose]: () => void this.#lostListeners.delete(listener) }
  }

  onRun(listener: (event: RunEvent) => void): Disposable {
    this.#runListeners.add(listener)
    return { [Symbol.dispose]: () => void this.#runListeners.delete(listener) }
  }

  stopRun(run: number): void {
    if (this.#state !== 'ended') this.#host.post({ type: 'stop-run', run })
  }

  async close(): Promise<void> {
    if (this.#state === 'loading' || this.#state === 'ready') {
      this.#state = 'ending'
      this.#calls.rejectAll(() => this.#closedError())
      this.#host.post({ type: 'close' })
    }
    await this.#host.ended
  }

  async kill(reason: Error): Promise<void> {
    if (this.#state !== 'ended') {
      this.#state = 'ending'
      this.#calls.rejectAll((wasStarted) => this.#killed(reason, wasStarted))
      this.#options.credits.stopped(this.#creditHolder)
      this.#host.terminate()
    }
    await this.#host.ended
  }

  #onMessage(message: FromThread): void {
    this.#heartbeat.heard()
    switch (message.type) {
      case 'progress':
        if (this.#state === 'loading') this.#request.onProgress(message.fraction)
        return
      case 'loaded':
        if (this.#state === 'loading') this.#state = 'ready'
        return this.#loaded.resolve(message.description)
      case 'load-failed':
        return this.#loaded.reject(fromWire(message.error))
      case 'engine-unavailable':
        return this.#loaded.reject(new EngineUnavailable(this.#host.isolation, fromWire(message.error)))
      case 'embedded':
      case 'reranked':
      case 'translated':
        return this.#calls.resolve(message.id, message)
      case 'failed':
        return void this.#calls.reject(message.id, fromWire(message.error))
      case 'run-started':
        this.#calls.markStarted(message.requests)
        return this.#tellOfRun({ run: message.run, phase: 'started' })
      case 'run-ended':
        this.#options.credits.runEnded(this.#creditHolder)
        if (message.batch) this.#options.onBatch({ model: this.#request.key.name, ...message.batch })
        return this.#tellOfRun({ run: message.run, phase: 'ended' })
      case 'run-wanted':
        return this.#options.credits.want(this.#creditHolder)
      case 'runs-returned':
        return this.#options.credits.returned(this.#creditHolder, message.runs)
      case 'sentence':
        return void this.#passOn(message)
      case 'alive':
        return
      default:
        return message satisfies never
    }
  }

  #onEnded({ how, cause = this.#silence }: HostEnd): void {
    const wasAsked = this.#state === 'ending'
    this.#state = 'ended'
    // What was killed could not say so itself.
    Atomics.store(this.#gauges.activeRuns, 0, 0)
    this.#options.credits.leave(this.#creditHolder)
    this.#heartbeat.stop()
    const ended = `The ${this.#host.isolation} of ${this.#title} ended ${how}`
    const details = { model: this.#request.key.name, cause }
    this.#loaded.reject(new ModelLoadError(`${ended} before the model was loaded.`, details))
    if (wasAsked) return
    this.#lostError = (wasStarted) =>
      new LeaseRevokedError(`${ended}. The work can be asked for again.`, {
        ...details,
        wasStarted,
      })
    this.#calls.rejectAll(this.#lostError)
    for (const listener of this.#lostListeners) listener(this.#lostError(true))
    this.#lostListeners.clear()
  }

  /** @throws the signal's reason when it aborts, `LeaseRevokedError` when the model is closed or lost */
  async #ask<R extends Reply>(
    signal: AbortSignal | undefined,
    requestOf: (id: number) => Request,
    onSentence?: TranslateRunOptions['onSentence'],
  ): Promise<R> {
    signal?.throwIfAborted()
    if (this.#state !== 'ready') throw this.#lostError?.(false) ?? this.#closedError()
    const withdraw = (id: number): void => this.#host.post({ type: 'withdraw', id })
    const call = this.#calls.open(signal, withdraw, onSentence)
    try {
      this.#host.post(requestOf(call.id))
    } catch (cause) {
      // Something in it is of a kind that no message can carry, such as a function.
      const message = `The request cannot be sent to the model: ${String(cause)}`
      this.#calls.reject(call.id, new InvalidInputError(message, { cause }))
    }
    this.#heartbeat.start()
    this.#options.credits.asked(this.#creditHolder)
    return (await call.reply) as R
  }

  /** The thread goes on when the caller has taken the sentence. A caller that fails is told so in place of an answer. */
  async #passOn({ id, text, sentence, translation }: SentenceDone): Promise<void> {
    try {
      await this.#calls.listener(id)?.({ text, sentence, translation })
      this.#host.post({ type: 'read', id, sentences: 1 })
    } catch (error) {
      if (this.#calls.reject(id, error)) this.#host.post({ type: 'withdraw', id })
    }
  }

  #tellOfRun(event: RunEvent): void {
    for (const listener of this.#runListeners) listener(event)
  }

  /** An error of its own for each caller whose work can be done again. */
  #killed(reason: Error, wasStarted: boolean): Error {
    if (wasStarted || !(reason instanceof LeaseRevokedError)) return reason
    return new LeaseRevokedError(reason.message, { model: this.#request.key.name, cause: reason, wasStarted })
  }

  #closedError(): Error {
    return new LeaseRevokedError(`${this.#title} is closed.`, {
      model: this.#request.key.name,
      wasStarted: false,
    })
  }
}
