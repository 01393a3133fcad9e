import type { WireError } from '../kernel/error-wire.ts'
import type { EmbedInput, EmbeddingInfo, RunTimings } from '../registry/model.ts'

/**
 * What the two sides of a resident say to each other. Types only: the thread shares no code with the main side but the
 * kernel. Both sides come from one build; the version guards against a `dist/` of mixed builds.
 */
export type ProtocolVersion = 1

export type { EmbedInput, EmbeddingInfo, RunTimings }

/** What the thread is started with. */
export interface ThreadData {
  readonly version: ProtocolVersion
  readonly folder: string
  /** The ONNX file, relative to the folder. */
  readonly graphFile: string
  /** Runs that may be in flight at once, and threads that each of them uses. */
  readonly maxRuns: number
  readonly intraOpThreads: number
  readonly gauges: Gauges
}

/** Numbers that the thread writes and the main side reads whenever it likes, without a message. One element each. */
export interface Gauges {
  readonly activeRuns: Int32Array<SharedArrayBuffer>
  readonly memoryBytes: BigInt64Array<SharedArrayBuffer>
  /** Address of the native session; 0 where there is none. What is left here by a thread that ended is to be released. */
  readonly sessionAddress: BigUint64Array<SharedArrayBuffer>
}

/** What the thread is started with that releases what another one left behind. */
export interface ReleaseData {
  readonly sessionAddress: BigUint64Array<SharedArrayBuffer>
}

export type ToThread =
  | EmbedRequest
  /** The caller of this request has left: nothing is answered any more. */
  | { readonly type: 'withdraw'; readonly id: number }
  /** Asks all runs in flight to stop; their requests fail. */
  | { readonly type: 'stop-runs' }
  /** Nothing more will be asked: ends the thread when the runs have ended, or the load. */
  | { readonly type: 'close' }

export interface EmbedRequest {
  readonly type: 'embed'
  readonly id: number
  readonly inputs: readonly EmbedInput[]
  readonly options: EmbedRequestOptions
}

/** `EmbedRunOptions` with its defaults filled in, and without what cannot cross. */
export interface EmbedRequestOptions {
  /** From the moment of sending: the clocks of two threads have different origins. `Infinity` for none. */
  readonly deadlineInMs: number
  readonly priority: number
  readonly tenant: string
  readonly inputType: 'query' | 'document' | 'unspecified'
  readonly truncate: boolean
  readonly normalize: boolean
  /** Undefined: all of them. */
  readonly dimensions: number | undefined
}

export type FromThread =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'loaded'; readonly embedding: EmbeddingInfo }
  | { readonly type: 'load-failed'; readonly error: WireError }
  | EmbedReply
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  | RunStarted
  | RunEnded

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

/** The engine begins a run. What a thread that dies had not begun can be done again without harm. */
export interface RunStarted {
  readonly type: 'run-started'
  /** No other run of this thread has the number. */
  readonly run: number
  /** The requests whose texts are in it. */
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
