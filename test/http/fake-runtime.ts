import type { EmbedInput, LanguagePair, TranslatedSentence } from '../../src/registry/model.ts'
import type { ModelStatus } from '../../src/manager/status.ts'
import { InferenceError, ModelNotFoundError } from '../../src/kernel/errors.ts'
import type { ServedRuntime } from '../../src/http/served-runtime.ts'
import type {
  EmbedOptions,
  EmbedResult,
  Readiness,
  RerankOptions,
  RerankResult,
  TranslateOptions,
  TranslateResult,
  Translator,
} from '../../src/services/runtime.ts'

const DIMENSIONS = 4

/** A call of `embed` as the fake saw it; of `rerank` with the query as the first input. */
export interface SeenCall {
  model: string
  inputs: readonly EmbedInput[]
  options: EmbedOptions & RerankOptions & TranslateOptions
}

/**
 * A runtime without models. `embed` answers at once with vectors that tell the inputs apart, `rerank` with the longest
 * document first; a test can make them wait (`hold`), fail (`failWith`) or look at what they were asked (`calls`).
 */
export class FakeRuntime implements ServedRuntime {
  readonly calls: SeenCall[] = []
  failWith: Error | undefined
  ready: Readiness = { ready: true, reasons: [] }
  statuses: ModelStatus[]
  /** Documents that `rerank` says were cut. */
  truncated: number[] = []
  /** Calls that have begun and not ended. */
  inFlight = 0
  /** Reasons of the calls that were aborted. */
  readonly aborted: unknown[] = []
  #gate: Promise<void> | undefined
  #open: (() => void) | undefined

  constructor(...names: string[]) {
    this.statuses = names.map((name) => statusOf(name))
  }

  /** Names of two languages: `en-hi`. */
  addTranslators(...names: string[]): void {
    for (const name of names) this.statuses.push({ ...statusOf(name), tasks: ['translate'] })
  }

  /** From now on calls wait until `release()`. */
  hold(): void {
    this.#gate = new Promise((resolve) => (this.#open = resolve))
  }

  release(): void {
    this.#open?.()
    this.#gate = undefined
  }

  async embed(
    model: string,
    inputs: EmbedInput | readonly EmbedInput[],
    options: EmbedOptions = {},
  ): Promise<EmbedResult> {
    const list = (typeof inputs === 'string' ? [inputs] : inputs) as readonly EmbedInput[]
    await this.#serve({ model, inputs: list, options })
    return {
      vectors: list.map((input) => vectorOf(input)),
      dimensions: DIMENSIONS,
      tokenCounts: list.map((input) => input.length + 2),
      truncated: [],
      ...servedBy(model),
    }
  }

  async rerank(
    model: string,
    query: string,
    documents: readonly string[],
    options: RerankOptions = {},
  ): Promise<RerankResult> {
    await this.#serve({ model, inputs: [query, ...documents], options })
    const results = documents
      .map((document, index) => ({
        index,
        score: document.length / 10,
        ...(options.returnDocuments === true && { document }),
      }))
      .sort((a, b) => b.score - a.score)
      .slice(0, options.topN)
    return { results, tokens: 42, truncated: this.truncated, ...servedBy(model) }
  }

  /** In capitals, sentence by sentence where that is wanted; the sentence "Fail." fails. */
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
    const { source, target } = translator as LanguagePair
    const call = { model: `${source}-${target}`, inputs: texts as readonly string[], options }
    return options.stream === true ? this.#sentences(call) : this.#translated(call)
  }

  translators(): Translator[] {
    return this.statuses.flatMap(({ name, tasks }) => {
      const [source, target] = name.split('-') as [string, string]
      return tasks.includes('translate') ? [{ model: name, targets: { [source]: [target] } }] : []
    })
  }

  async #translated(call: SeenCall): Promise<TranslateResult> {
    await this.#serve(call)
    const texts = (call.inputs as readonly string[]).map((text) => text.toUpperCase())
    const tokenCounts = texts.map(({ length }) => ({ source: length, target: length }))
    return { texts, tokenCounts, cut: this.truncated, model: call.model, ...servedBy(call.model) }
  }

  async *#sentences(call: SeenCall): AsyncGenerator<TranslatedSentence> {
    await this.#serve(call)
    for (const [text, input] of (call.inputs as readonly string[]).entries()) {
      for (const [sentence, part] of (input.match(/[^.]+\.? */g) ?? []).entries()) {
        if (part.startsWith('Fail.')) throw new InferenceError('The model failed.')
        yield { text, sentence, translation: part.toUpperCase() }
      }
    }
  }

  async #serve(call: SeenCall): Promise<void> {
    this.status(call.model)
    this.calls.push(call)
    if (this.failWith !== undefined) throw this.failWith
    this.inFlight++
    try {
      await this.#wait(call.options.signal)
    } finally {
      this.inFlight--
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const gate = this.#gate
    if (gate === undefined) return Promise.resolve()
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.aborted.push(signal.reason)
        reject(signal.reason as Error)
      })
      void gate.then(resolve)
    })
  }

  models(): ModelStatus[] {
    return this.statuses
  }
  status(model: string): ModelStatus {
    const status = this.statuses.find(({ name }) => name === model)
    if (status === undefined) throw new ModelNotFoundError(`No model "${model}".`, { model })
    return status
  }
  readiness(): Readiness {
    return this.ready
  }
  metrics(): Promise<{ contentType: string; text: string }> {
    const text = `fake_in_flight ${this.inFlight}\n`
    return Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text })
  }
}

function servedBy(model: string): Pick<EmbedResult, 'servedBy' | 'generation' | 'timings'> {
  return {
    servedBy: `${model}:int8@cpu`,
    generation: 7,
    timings: { admitMs: 0.014, queueMs: 1, loadMs: 0, tokeniseMs: 0.5, inferMs: 3.25, encodeMs: 0 },
  }
}

export function vectorOf(input: EmbedInput): Float32Array<ArrayBuffer> {
  return Float32Array.of(input.length / 1000, -0.5, 0.1, 1e-7)
}

function statusOf(name: string): ModelStatus {
  return {
    name,
    tasks: ['embed', 'rerank'],
    state: 'ready',
    servedBy: `${name}:int8@cpu`,
    servedByFallback: false,
    isLoading: false,
    queuedRequests: 0,
    concurrentAccessCount: 0,
    maxConcurrentAccess: 10,
    accessTimeoutMs: 30_000,
    loadingTimeoutMs: 300_000,
    memoryBytes: 1e8,
    isPinned: false,
    embedding: { dimensions: DIMENSIONS, maxTokens: 256, pooling: 'mean', isBatchInvariant: true },
  }
}
