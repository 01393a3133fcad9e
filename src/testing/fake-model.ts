import { onAbort } from '../kernel/abort.ts'
import type { Clock } from '../kernel/clock.ts'
import { DeadlineExceededError, InferenceError, InputTooLongError } from '../kernel/errors.ts'
import { formatKey, type ModelKey } from '../registry/model-key.ts'
import type {
  Embeddings,
  EmbeddingInfo,
  EmbedInput,
  EmbedRunOptions,
  Model,
  RerankRunOptions,
  RerankScores,
  RunOptions,
  Task,
  TranslateRunOptions,
  Translations,
} from '../registry/model.ts'
import { elapse } from './elapse.ts'
import { fakeScore } from './fake-score.ts'
import type { FullScript } from './fake-script.ts'
import { fakeSentences, fakeTranslation } from './fake-translation.ts'
import { writeFakeVector } from './fake-vector.ts'

type RunEvent = Parameters<Parameters<NonNullable<Model['onRun']>>[0]>[0]

/** Where a model of the fake engine is in its life. */
export type FakeModelState = 'open' | 'closing' | 'closed' | 'lost' | 'killed'

export interface FakeModelOptions {
  clock: Clock
  key: ModelKey
  /** Which load of the engine made it. */
  load: number
  script: FullScript
  /** Told what no correct owner does: a run after `close()`, a close in mid-run, a second close. */
  onBreach: (what: string) => void
}

/** A model that computes nothing: its script says how long that takes and how it ends. */
export class FakeModel implements Model {
  readonly tasks: readonly Task[]
  readonly memoryBytes: number
  readonly embedding: EmbeddingInfo
  readonly key: ModelKey
  /** Which load of the engine made it: 1 for the first. Its vectors carry the number. */
  readonly load: number
  /** Runs that began so far. */
  runs = 0
  /** What `die` was given; undefined for a model that did not die by itself. */
  diedOf: Error | undefined
  readonly #clock: Clock
  readonly #script: FullScript
  readonly #onBreach: (what: string) => void
  readonly #lostListeners = new Set<(error: Error) => void>()
  readonly #runListeners = new Set<(event: RunEvent) => void>()
  /** The runs in progress, each with what stops it. */
  readonly #active = new Map<number, { readonly work: Promise<void>; readonly stop: AbortController }>()
  /** Aborted when the model dies or is killed; its reason is what runs in progress fail with. */
  readonly #end = new AbortController()
  #state: FakeModelState = 'open'

  constructor(options: FakeModelOptions) {
    const { clock, key, load, script, onBreach } = options
    this.#clock = clock
    this.#script = script
    this.#onBreach = onBreach
    this.key = key
    this.load = load
    this.tasks = script.tasks
    this.memoryBytes = script.memoryBytes
    this.embedding = {
      dimensions: script.dimensions,
      maxTokens: script.maxTokens,
      pooling: 'mean',
      isBatchInvariant: true,
    }
  }

  get state(): FakeModelState {
    return this.#state
  }

  get activeRuns(): number {
    return this.#active.size
  }

  onLost(listener: (error: Error) => void): Disposable {
    if (this.diedOf !== undefined) listener(this.diedOf)
    else this.#lostListeners.add(listener)
    return { [Symbol.dispose]: () => void this.#lostListeners.delete(listener) }
  }

  onRun(listener: (event: RunEvent) => void): Disposable {
    this.#runListeners.add(listener)
    return { [Symbol.dispose]: () => void this.#runListeners.delete(listener) }
  }

  /** Ends the model as a crash of its thread would: runs fail, the listeners of `onLost` hear of it. Idempotent. */
  die(error: Error = new Error('The fake model died.')): void {
    if (this.#state !== 'open' && this.#state !== 'closing') return
    this.#state = 'lost'
    this.diedOf = error
    this.#end.abort(error)
    for (const listener of this.#lostListeners) listener(error)
  }

  async embed(inputs: readonly EmbedInput[], options: EmbedRunOptions = {}): Promise<Embeddings> {
    const tokenCounts = inputs.map(countTokens)
    this.#check(options)
    const truncated = this.#overLimit(tokenCounts, options.truncate !== false)
    const inferMs = await this.#compute(inputs, options.signal)
    const dimensions = options.dimensions ?? this.#script.dimensions
    return {
      values: this.#vectors(inputs, dimensions),
      dimensions,
      tokenCounts: tokenCounts.map((count) => Math.min(count, this.#script.maxTokens)),
      truncated,
      timings: { tokeniseMs: 0, queueMs: 0, inferMs },
    }
  }

  /** See `fakeScore`; raw scores are the same. */
  async rerank(
    query: string,
    documents: readonly string[],
    options: RerankRunOptions = {},
  ): Promise<RerankScores> {
    this.#check(options)
    const inferMs = await this.#compute([query, ...documents], options.signal)
    return {
      scores: Float32Array.from(documents, (document) => fakeScore(query, document)),
      tokenCounts: documents.map(countTokens),
      queryTokens: countTokens(query),
      truncated: [],
      timings: { tokeniseMs: 0, queueMs: 0, inferMs },
    }
  }

  /** See `fakeTranslation`. Each sentence is a run; where somebody listens, the next one begins when this one was taken. */
  async translate(texts: readonly string[], options: TranslateRunOptions = {}): Promise<Translations> {
    this.#check(options)
    const { signal, target = 'xx', onSentence } = options
    const translated: string[] = []
    let inferMs = 0
    for (const [text, input] of texts.entries()) {
      const done: string[] = []
      for (const [sentence, source] of fakeSentences(input).entries()) {
        inferMs += await this.#compute([source], signal)
        const translation = fakeTranslation(source, target)
        done.push(translation)
        await onSentence?.({ text, sentence, translation })
        signal?.throwIfAborted()
      }
      translated.push(done.join(''))
    }
    return {
      texts: translated,
      tokenCounts: texts.map((text) => ({ source: countTokens(text), target: countTokens(text) })),
      cut: [],
      timings: { tokeniseMs: 0, queueMs: 0, inferMs },
    }
  }

  stopRun(run: number): void {
    this.#active.get(run)?.stop.abort(new InferenceError('The run was stopped.'))
  }

  async close(): Promise<void> {
    if (this.#state === 'closing' || this.#state === 'closed')
      this.#onBreach(`a second close of ${this.#name}`)
    if (this.activeRuns > 0) this.#onBreach(`a close of ${this.#name} with ${this.activeRuns} runs active`)
    const wasOpen = this.#state === 'open'
    if (wasOpen) this.#state = 'closing'
    await Promise.allSettled([...this.#active.values()].map(({ work }) => work))
    // What died or was killed, before or meanwhile, has nothing left to close.
    if (wasOpen) await elapse(this.#clock, this.#script.closeMs, { kill: this.#end.signal }).catch(() => {})
    const { closeError } = this.#script
    if (this.#state === 'closing' && closeError) {
      this.#state = 'closed'
      throw closeError
    }
    if (this.#state !== 'killed') this.#state = 'closed'
  }

  async kill(reason: Error): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'killed'
    this.#end.abort(reason)
    await Promise.allSettled([...this.#active.values()].map(({ work }) => work))
  }

  get #name(): string {
    return `load ${this.load} (${formatKey(this.key)})`
  }

  #check({ signal, deadlineAtMs }: RunOptions): void {
    this.#checkOpen()
    signal?.throwIfAborted()
    if (deadlineAtMs !== undefined && deadlineAtMs <= this.#clock.nowMs())
      throw new DeadlineExceededError('The deadline had passed before the run began.')
  }

  /** Runs as the script says and answers how long that took. */
  async #compute(inputs: readonly EmbedInput[], signal: AbortSignal | undefined): Promise<number> {
    const { runMs, runError } = this.#script
    const inferMs = typeof runMs === 'function' ? runMs(inputs) : runMs
    await this.#run(inferMs, signal)
    const error = typeof runError === 'function' ? runError(inputs) : runError
    if (error) throw error
    return inferMs
  }

  #checkOpen(): void {
    if (this.#state === 'open') return
    const isOwnersFault = this.#state === 'closing' || this.#state === 'closed'
    if (isOwnersFault) this.#onBreach(`a run on ${this.#name}, which is ${this.#state}`)
    throw new Error(`${this.#name} is ${this.#state}.`)
  }

  /** Settles when the caller is answered: with the end of the run, or before it when the caller leaves. */
  async #run(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
    const run = ++this.runs
    const stop = new AbortController()
    const { abortMs } = this.#script
    const work = elapse(this.#clock, durationMs, { signal: stop.signal, abortMs, kill: this.#end.signal })
    this.#active.set(run, { work, stop })
    this.#tellRun({ run, phase: 'started' })
    const ended = (): void => {
      this.#active.delete(run)
      this.#tellRun({ run, phase: 'ended' })
    }
    work.then(ended, ended)
    let leaving: Disposable | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        leaving = onAbort(signal, (reason) => {
          stop.abort(reason)
          reject(reason)
        })
        work.then(resolve, reject)
      })
    } finally {
      leaving?.[Symbol.dispose]()
    }
  }

  #tellRun(event: RunEvent): void {
    for (const listener of this.#runListeners) listener(event)
  }

  #overLimit(tokenCounts: readonly number[], truncate: boolean): number[] {
    const { maxTokens } = this.#script
    const over = tokenCounts.flatMap((count, index) => (count > maxTokens ? [index] : []))
    if (over.length > 0 && !truncate)
      throw new InputTooLongError(`Text ${over[0]} has ${tokenCounts[over[0]!]} tokens of ${maxTokens}.`, {
        model: this.key.name,
        field: `input[${over[0]}]`,
      })
    return over
  }

  #vectors(inputs: readonly EmbedInput[], dimensions: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(inputs.length * dimensions)
    const key = formatKey(this.key)
    for (const [index, input] of inputs.entries()) {
      writeFakeVector(values.subarray(index * dimensions, (index + 1) * dimensions), this.load, key, input)
    }
    return values
  }
}

/** Words, and the two special tokens that a text is put between. */
function countTokens(input: EmbedInput): number {
  return (typeof input === 'string' ? (input.match(/\S+/g)?.length ?? 0) : input.length) + 2
}
