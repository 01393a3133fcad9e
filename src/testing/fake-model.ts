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
  Task,
} from '../registry/model.ts'
import { elapse } from './elapse.ts'
import type { FullScript } from './fake-script.ts'
import { writeFakeVector } from './fake-vector.ts'

/** Where a model of the fake engine is in its life. */
export type FakeModelState = 'open' | 'closing' | 'closed' | 'lost'

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
  readonly tasks: readonly Task[] = ['embed']
  readonly memoryBytes: number
  readonly embedding: EmbeddingInfo
  readonly key: ModelKey
  /** Which load of the engine made it: 1 for the first. Its vectors carry the number. */
  readonly load: number
  /** Calls of `embed` so far. */
  runs = 0
  /** What `die` was given; undefined for a model that nobody killed. */
  diedOf: Error | undefined
  readonly #clock: Clock
  readonly #script: FullScript
  readonly #onBreach: (what: string) => void
  readonly #lostListeners = new Set<(error: Error) => void>()
  /** Aborted by `die`; its reason is what runs in progress fail with. */
  readonly #death = new AbortController()
  /** Aborted by `stopRuns`, which puts a new one in its place. */
  #stop = new AbortController()
  #state: FakeModelState = 'open'
  #activeRuns = 0

  constructor(options: FakeModelOptions) {
    const { clock, key, load, script, onBreach } = options
    this.#clock = clock
    this.#script = script
    this.#onBreach = onBreach
    this.key = key
    this.load = load
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
    return this.#activeRuns
  }

  onLost(listener: (error: Error) => void): Disposable {
    this.#lostListeners.add(listener)
    return { [Symbol.dispose]: () => void this.#lostListeners.delete(listener) }
  }

  /** Ends the model as a crash of its thread would: runs fail, the listeners of `onLost` hear of it. Idempotent. */
  die(error: Error = new Error('The fake model died.')): void {
    if (this.#state === 'lost' || this.#state === 'closed') return
    this.#state = 'lost'
    this.diedOf = error
    this.#activeRuns = 0
    this.#death.abort(error)
    for (const listener of this.#lostListeners) listener(error)
  }

  async embed(inputs: readonly EmbedInput[], options: EmbedRunOptions = {}): Promise<Embeddings> {
    this.runs++
    if (this.#state !== 'open') {
      if (this.#state !== 'lost') this.#onBreach(`a run on ${this.#name}, which is ${this.#state}`)
      throw new Error(`${this.#name} is ${this.#state}.`)
    }
    options.signal?.throwIfAborted()
    if (options.deadlineAtMs !== undefined && options.deadlineAtMs <= this.#clock.nowMs())
      throw new DeadlineExceededError('The deadline had passed before the run began.')
    const tokenCounts = inputs.map(countTokens)
    const truncated = this.#overLimit(tokenCounts, options.truncate ?? true)
    const { runMs, runError } = this.#script
    const inferMs = typeof runMs === 'function' ? runMs(inputs) : runMs
    await this.#run(inferMs, options.signal)
    const error = typeof runError === 'function' ? runError(inputs) : runError
    if (error) throw error
    const dimensions = options.dimensions ?? this.#script.dimensions
    return {
      values: this.#vectors(inputs, dimensions),
      dimensions,
      tokenCounts: tokenCounts.map((count) => Math.min(count, this.#script.maxTokens)),
      truncated,
      timings: { tokeniseMs: 0, queueMs: 0, inferMs },
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'closing' || this.#state === 'closed')
      this.#onBreach(`a second close of ${this.#name}`)
    if (this.#activeRuns > 0) this.#onBreach(`a close of ${this.#name} with ${this.#activeRuns} runs active`)
    const closeMs = this.#state === 'lost' ? 0 : this.#script.closeMs
    this.#state = 'closing'
    await elapse(this.#clock, closeMs)
    this.#state = 'closed'
    if (this.#script.closeError) throw this.#script.closeError
  }

  /** Runs in progress end at once, as if their engine had heeded. */
  stopRuns(): void {
    const stopped = this.#stop
    this.#stop = new AbortController()
    stopped.abort(new InferenceError('The run was stopped.'))
  }

  /** Runs in progress fail with `reason`; nobody is told, since it is asked for. Idempotent. */
  async kill(reason: Error): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#activeRuns = 0
    this.#death.abort(reason)
  }

  get #name(): string {
    return `load ${this.load} (${formatKey(this.key)})`
  }

  /** Settles when the caller is answered; the run itself is active until its own end. */
  async #run(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
    const death = this.#death.signal
    this.#activeRuns++
    const ended = (): void => {
      if (!death.aborted) this.#activeRuns--
    }
    const work = elapse(this.#clock, durationMs, { signal, abortMs: this.#script.abortMs })
    work.then(ended, ended)
    await new Promise<void>((resolve, reject) => {
      const listeners = [death, this.#stop.signal, signal].map((source) =>
        onAbort(source, (reason) => settle(() => reject(reason))),
      )
      const settle = (answer: () => void): void => {
        for (const listener of listeners) listener[Symbol.dispose]()
        answer()
      }
      work.then(
        () => settle(resolve),
        (error: unknown) => settle(() => reject(error)),
      )
    })
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
