import type { Timings } from '../kernel/runtime-events.ts'
import type { EmbedInput, Model } from '../registry/model.ts'
import type { ModelStatus } from '../manager/status.ts'

/** How a caller wants to wait for a model. */
export interface AcquireOptions {
  signal?: AbortSignal
  /** From now, in milliseconds; what has not begun by then is never computed. */
  deadlineMs?: number
  /** 0 is highest. @default 1 */
  priority?: number
  /** Tenants share a slot by weight. */
  tenant?: string
  /** `reject` fails at once with `ConcurrencyLimitError` where `wait` would queue. @default 'wait' */
  whenFull?: 'wait' | 'reject'
}

export interface EmbedOptions extends AcquireOptions {
  /** Puts the model's own prompt for this kind of text in front, where its configuration has one. */
  inputType?: 'query' | 'document'
  /** False: a text over the model's limit is an `InputTooLongError`. @default true */
  truncate?: boolean
  /** @default true */
  normalize?: boolean
  /** Keeps the first `dimensions` values and normalises again. */
  dimensions?: number
}

export interface EmbedResult {
  /** One vector for each input, in input order; views on one buffer. */
  vectors: Float32Array[]
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

/** The right to use one generation of one model. Nothing unloads, swaps or evicts it before `release()`. */
export interface Lease extends Disposable {
  readonly generation: number
  readonly servedBy: string
  /** Throws `LeaseReleasedError` after the release, `LeaseRevokedError` when the model was lost. */
  readonly model: Model
  /** Idempotent and synchronous. */
  release(): void
}

export interface Readiness {
  ready: boolean
  /** Why not; empty when ready. */
  reasons: string[]
}

/** The verbs of the library. `createRuntime()` makes one; one owner closes it. */
export interface Runtime extends AsyncDisposable {
  /** Vectors for texts or token ids. The first use of a model loads it. */
  embed(
    model: string,
    inputs: EmbedInput | readonly EmbedInput[],
    options?: EmbedOptions,
  ): Promise<EmbedResult>
  lease(model: string, options?: AcquireOptions): Promise<Lease>
  /** Leases, calls, releases, whatever happens: for code that cannot write `using`. */
  withLease<R>(model: string, use: (lease: Lease) => R | Promise<R>, options?: AcquireOptions): Promise<R>
  /** Loads without using; overrides a back-off. */
  load(model: string, options?: AcquireOptions): Promise<void>
  /** Waits for the leases, then unloads. Answers whether there was anything to unload. */
  unload(model: string): Promise<boolean>
  /** Every configured model, loaded or not. */
  models(): ModelStatus[]
  /** Throws `ModelNotFoundError`. */
  status(model: string): ModelStatus
  readiness(): Readiness
  /** Prometheus text. Never waits for a model. */
  metrics(): Promise<{ contentType: string; text: string }>
  /** Nothing new is admitted; work in flight has `graceMs` (default 10,000) to finish. Idempotent. */
  close(options?: { graceMs?: number }): Promise<void>
}
