import type { Clock } from '../kernel/clock.ts'
import type { Emitter } from '../kernel/events.ts'
import type { RuntimeEvents } from '../kernel/runtime-events.ts'
import type { Explanation } from '../manager/explain.ts'
import type { AcquireOptions } from '../manager/acquire-options.ts'
import type { Lease } from '../manager/lease.ts'
import type { ModelManager } from '../manager/model-manager.ts'
import type { ModelDefinition } from '../manager/model-spec.ts'
import type { Readiness } from '../manager/readiness.ts'
import type { ModelStatus } from '../manager/status.ts'
import type { Monitor } from '../monitor/monitor.ts'
import type { EmbedInput, LanguagePair, TranslatedSentence } from '../registry/model.ts'
import { embed, type EmbedOptions, type EmbedResult } from './embed.ts'
import { rerank, type RerankItem, type RerankOptions, type RerankResult } from './rerank.ts'
import type { ResultCache } from './result-cache.ts'
import { translate, translateStream, type TranslateOptions, type TranslateResult } from './translate.ts'
import { translators, type Translator } from './translators.ts'

export type {
  AcquireOptions,
  EmbedOptions,
  EmbedResult,
  Explanation,
  Lease,
  ModelStatus,
  Readiness,
  RerankItem,
  RerankOptions,
  RerankResult,
  TranslateOptions,
  TranslateResult,
  Translator,
}

/** What the verbs stand on. */
export interface RuntimeParts {
  readonly manager: ModelManager
  readonly monitor: Monitor
  readonly events: Emitter<RuntimeEvents>
  readonly clock: Clock
  /** Absent: every text is computed. */
  readonly cache?: ResultCache | undefined
}

/** The verbs of the library. `createRuntime()` makes one; one owner closes it. */
export class Runtime implements AsyncDisposable {
  /** Counts, durations and events of everything that happens here. */
  readonly monitor: Monitor
  readonly #parts: RuntimeParts
  readonly #closeListeners: (() => void)[] = []
  #closing: Promise<void> | undefined

  constructor(parts: RuntimeParts) {
    this.#parts = parts
    this.monitor = parts.monitor
  }

  /**
   * Vectors for texts, or for token ids without special tokens. The first use of a model loads it.
   *
   * @throws ModelNotFoundError, InvalidInputError, InputTooLongError, InferenceError, the errors of `lease()`, and the
   *   reason of `options.signal` when it aborts
   */
  embed(
    model: string,
    inputs: EmbedInput | readonly EmbedInput[],
    options?: EmbedOptions,
  ): Promise<EmbedResult> {
    return embed(this.#parts, model, inputs, options)
  }

  /**
   * Orders documents by how well they answer a query: by the scores of a cross-encoder, or, with an embedding model, by late
   * interaction.
   *
   * @throws ModelNotFoundError, InvalidInputError that names the field, InputTooLongError where the query leaves no room for
   *   a document, InferenceError, the errors of `lease()`, and the reason of `options.signal` when it aborts
   */
  rerank(
    model: string,
    query: string,
    documents: readonly string[],
    options?: RerankOptions,
  ): Promise<RerankResult> {
    return rerank(this.#parts, model, query, documents, options)
  }

  /**
   * Translates texts, long ones too: sentence by sentence, with their white space, lines, placeholders, tags and numbers.
   *
   * @param translator The name of a model, or a pair of languages, for which the first model that translates it is taken
   * @param options With `stream` the answer is the sentences, one by one, as they are done
   * @throws ModelNotFoundError, InvalidInputError that names the field and, for a pair, says which are served, InferenceError,
   *   the errors of `lease()`, and the reason of `options.signal` when it aborts
   */
  translate(
    translator: string | LanguagePair,
    texts: string | readonly string[],
    options: TranslateOptions & { stream: true },
  ): AsyncIterableIterator<TranslatedSentence>
  translate(
    translator: string | LanguagePair,
    texts: string | readonly string[],
    options?: TranslateOptions & { stream?: false | undefined },
  ): Promise<TranslateResult>
  translate(
    translator: string | LanguagePair,
    texts: string | readonly string[],
    options: TranslateOptions & { stream?: boolean | undefined } = {},
  ): Promise<TranslateResult> | AsyncIterableIterator<TranslatedSentence> {
    const run = options.stream === true ? translateStream : translate
    return run(this.#parts, translator, texts, options)
  }

  /** Every model that translates, loaded or not, and which languages. */
  translators(): Translator[] {
    return translators(this.#parts.manager)
  }

  /**
   * The right to use one generation of a model, until `release()`.
   *
   * @throws ModelNotFoundError, ConcurrencyLimitError, QueueFullError, OverloadedError, AccessTimeoutError,
   *   DeadlineExceededError, WaitTimeoutError, LoadingTimeoutError, LoadCancelledError, ModelLoadError, DrainTimeoutError,
   *   MemoryBudgetError, ShutdownError, and the reason of `options.signal` when it aborts
   */
  async lease(model: string, options?: AcquireOptions): Promise<Lease> {
    return this.#parts.manager.acquire(model, 'lease', options)
  }

  /** Leases, calls, releases, whatever happens: for code that cannot write `using`. */
  async withLease<R>(
    model: string,
    use: (lease: Lease) => R | Promise<R>,
    options?: AcquireOptions,
  ): Promise<R> {
    const lease = await this.lease(model, options)
    try {
      return await use(lease)
    } finally {
      lease.release()
    }
  }

  /** Loads without using; overrides a back-off. Settles when the model is there. */
  load(model: string, options?: AcquireOptions): Promise<void> {
    return this.#parts.manager.load(model, options)
  }

  /**
   * Makes a name stand for other files, dtype or revision while requests go on. Settles when the new version serves; when it
   * cannot be loaded the old one stays, and this rejects.
   *
   * @param change A folder, or what shall be different from what the name stands for at the time of the call
   */
  swap(model: string, change: string | Partial<ModelDefinition>, signal?: AbortSignal): Promise<void> {
    return this.#parts.manager.swap(model, typeof change === 'string' ? { source: change } : change, signal)
  }

  /** Waits for the leases, then unloads. Answers whether there was anything to unload. */
  unload(model: string): Promise<boolean> {
    return this.#parts.manager.unload(model)
  }

  /** Everybody who waits for the load fails with `LoadCancelledError`. Answers whether there was a load. */
  cancelLoading(model: string): boolean {
    return this.#parts.manager.cancelLoading(model)
  }

  /**
   * Changes limits of a model's slot, while requests wait.
   *
   * @throws ConfigError that names the field; nothing has changed then
   */
  configure(model: string, limits: object): void {
    this.#parts.manager.configure(model, limits)
  }

  /** Changes `memoryBudgetBytes` and `maxParallelLoads`. @throws ConfigError that names the field */
  configureRuntime(limits: object): void {
    this.#parts.manager.configureRuntime(limits)
  }

  /** A pinned model is neither evicted nor unloaded for idleness. */
  pin(model: string, pinned = true): void {
    this.#parts.manager.pin(model, pinned)
  }

  /** Every configured model, loaded or not. */
  models(): ModelStatus[] {
    return this.#parts.manager.models()
  }

  /** @throws ModelNotFoundError */
  status(model: string): ModelStatus {
    return this.#parts.manager.status(model)
  }

  /** What those who wait for a model wait for, and why it was last unloaded. @throws ModelNotFoundError */
  explain(model: string): Explanation {
    return this.#parts.manager.explain(model)
  }

  readiness(): Readiness {
    return this.#parts.manager.readiness()
  }

  /** Prometheus text. Never waits for a model. */
  metrics(): Promise<{ contentType: string; text: string }> {
    return this.monitor.metrics()
  }

  /** Nothing new is admitted; work in flight has `graceMs` to finish (`graceMs` of the configuration by default). Idempotent. */
  close(options: { graceMs?: number } = {}): Promise<void> {
    const closed = this.#parts.manager.close(options.graceMs)
    this.#closing ??= closed.then(() => this.monitor.close())
    for (const listener of this.#closeListeners.splice(0)) listener()
    return this.#closing
  }

  /** Tells of what happens, in one turn with it; disposing the result ends that. See also `monitor.stream()`. */
  on<Name extends keyof RuntimeEvents>(
    name: Name,
    listener: (event: RuntimeEvents[Name]) => void,
  ): Disposable {
    return this.#parts.events.on(name, listener)
  }

  /** Calls `listener` when closing begins. */
  onClose(listener: () => void): void {
    this.#closeListeners.push(listener)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
