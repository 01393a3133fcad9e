import type { WireError } from '../kernel/error-wire.ts'
import type {
  EmbedInput,
  EmbeddingInfo,
  LanguagePair,
  RunTimings,
  Task,
  TextProcessor,
  TranslatedSentence,
  TranslationInfo,
} from '../registry/model.ts'

/**
 * What the two sides of a resident say to each other. Types only: the thread shares no code with the main side but the
 * kernel. Both sides come from one build; the version guards against a `dist/` of mixed builds.
 */
export type ProtocolVersion = 1

export type { EmbedInput, EmbeddingInfo, LanguagePair, RunTimings, TextProcessor, TranslationInfo }

/** What is to be loaded. */
export interface LoadData {
  readonly version: ProtocolVersion
  readonly folder: string
  /** The ONNX file, relative to the folder. */
  readonly graphFile: string
  /** Threads that each run uses. */
  readonly intraOpThreads: number
  /** See `LoadOptions`. */
  readonly sparesCores: boolean
  readonly translation: ThreadTranslation
}

/** What the thread is started with. */
export interface ThreadData extends LoadData {
  readonly gauges: Gauges
}

/** What a process is told instead. Nothing is shared with it, and its clock runs as that of the main side: `process.hrtime`. */
export type ToProcess =
  | { readonly type: 'load'; readonly data: LoadData }
  | { readonly type: 'pass-on'; readonly message: ToThread; readonly sentAtMs: number }

export type FromProcess =
  | FromThread
  /** What a thread would have written down itself. */
  | { readonly type: 'gauges'; readonly activeRuns: number; readonly memoryBytes: number }

/** What a translator is told beyond its files; others pass it over. */
export interface ThreadTranslation {
  readonly targets: TranslationInfo['targets']
  /** Path of a module whose default export is a `TextProcessor`. */
  readonly textProcessing: string | undefined
}

/** Numbers that the thread writes and the main side reads whenever it likes, without a message. */
export interface Gauges {
  readonly activeRuns: Int32Array<SharedArrayBuffer>
  readonly memoryBytes: BigInt64Array<SharedArrayBuffer>
  /**
   * Addresses of the native sessions; 0 where there is none. What is left here by a thread that ended is to be released. A
   * translator has two.
   */
  readonly sessionAddresses: BigUint64Array<SharedArrayBuffer>
  /** The same of values that outlive a run. */
  readonly valueAddresses: BigUint64Array<SharedArrayBuffer>
}

/** What the thread is started with that releases what another one left behind. */
export type ReleaseData = Pick<Gauges, 'sessionAddresses' | 'valueAddresses'>

export type ToThread =
  | Request
  /** So many more runs may be in flight at once. */
  | { readonly type: 'runs-granted'; readonly runs: number }
  /** Another resident waits for a run: the thread is to give one back when one of its own has ended. */
  | { readonly type: 'run-recalled' }
  /** The caller of this request has read so many sentences. */
  | { readonly type: 'read'; readonly id: number; readonly sentences: number }
  /** The caller of this request has left: nothing is answered any more. */
  | { readonly type: 'withdraw'; readonly id: number }
  /** Asks for a sign of life: `alive`. */
  | { readonly type: 'are-you-alive' }
  /** Asks a run to stop; its requests fail. It may have ended meanwhile. */
  | { readonly type: 'stop-run'; readonly run: number }
  /** Nothing more will be asked: ends the thread when the runs have ended, or the load. */
  | { readonly type: 'close' }

/** Options of a run with their defaults filled in, and without what cannot cross. */
export interface RequestOptions {
  /** From the moment of sending: the clocks of two threads have different origins. `Infinity` for none. */
  readonly deadlineInMs: number
  readonly priority: number
  readonly tenant: string
  /** The share of the tenant where tenants compete; others have 1. */
  readonly weight: number
}

export interface EmbedRequest {
  readonly type: 'embed'
  readonly id: number
  readonly inputs: readonly EmbedInput[]
  readonly options: EmbedRequestOptions
}

export interface EmbedRequestOptions extends RequestOptions {
  readonly inputType: 'query' | 'document' | 'unspecified'
  readonly truncate: boolean | 'chunk'
  readonly normalize: boolean
  /** Undefined: all of them. */
  readonly dimensions: number | undefined
}

export interface RerankRequest {
  readonly type: 'rerank'
  readonly id: number
  readonly query: string
  readonly documents: readonly string[]
  readonly options: RerankRequestOptions
}

export interface RerankRequestOptions extends RequestOptions {
  /** `Infinity` where there is none but the model's own limit. */
  readonly maxTokensPerDoc: number
  readonly rawScores: boolean
}

export interface TranslateRequest {
  readonly type: 'translate'
  readonly id: number
  readonly texts: readonly string[]
  readonly options: TranslateRequestOptions
}

export interface TranslateRequestOptions extends RequestOptions {
  readonly source: string | undefined
  readonly target: string | undefined
  /** How many sentences may be begun that the caller has not read. Undefined: it reads no sentences, only the whole. */
  readonly readAhead: number | undefined
}

export type Request = EmbedRequest | RerankRequest | TranslateRequest

export type FromThread =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'loaded'; readonly description: ModelDescription }
  | { readonly type: 'load-failed'; readonly error: WireError }
  /** ONNX Runtime cannot be had in this way, whatever the model. */
  | { readonly type: 'engine-unavailable'; readonly error: WireError }
  | Reply
  | SentenceDone
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  | RunStarted
  | RunEnded
  | { readonly type: 'alive' }
  /** Something waits and no run is free. Answered by `runs-granted`, as soon as there is one. */
  | { readonly type: 'run-wanted' }
  /** The thread gives back what it was granted: it has nothing to do, or was asked for it. */
  | { readonly type: 'runs-returned'; readonly runs: number }

/** What a model that has been loaded says of itself. */
export interface ModelDescription {
  readonly tasks: readonly Task[]
  readonly embedding?: EmbeddingInfo
  readonly translation?: TranslationInfo
}

export type Reply = EmbedReply | RerankReply | TranslateReply

export interface EmbedReply {
  readonly type: 'embedded'
  readonly id: number
  /** Transferred. */
  readonly values: Float32Array<ArrayBuffer>
  readonly dimensions: number
  readonly tokenCounts: readonly number[]
  readonly truncated: readonly number[]
  readonly timings: RunTimings
}

export interface RerankReply {
  readonly type: 'reranked'
  readonly id: number
  /** Transferred. */
  readonly scores: Float32Array<ArrayBuffer>
  readonly tokenCounts: readonly number[]
  readonly queryTokens: number
  readonly truncated: readonly number[]
  readonly timings: RunTimings
}

export interface TranslateReply {
  readonly type: 'translated'
  readonly id: number
  readonly texts: readonly string[]
  readonly tokenCounts: readonly { readonly source: number; readonly target: number }[]
  readonly cut: readonly number[]
  readonly timings: RunTimings
}

/** One sentence of a request that asked for them. */
export interface SentenceDone extends TranslatedSentence {
  readonly type: 'sentence'
  readonly id: number
}

/** The engine begins a run. What a thread that dies had not begun can be done again without harm. */
export interface RunStarted {
  readonly type: 'run-started'
  /** No other run of this thread has the number. */
  readonly run: number
  /** The requests that have something in it. */
  readonly requests: readonly number[]
}

export interface RunEnded {
  readonly type: 'run-ended'
  readonly run: number
  /** What it did, if it ended well. */
  readonly batch: BatchReport | undefined
}

export interface BatchReport {
  readonly texts: number
  readonly tokens: number
  readonly paddedTokens: number
  readonly inferMs: number
}
