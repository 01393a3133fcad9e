/** What the runtime tells whoever listens (the monitor, a logger, a dashboard). Plain data; times in milliseconds. */
export interface RuntimeEvents {
  /** A use of a model ended, however it ended. */
  request: RequestEvent
  /** A load began, ended or failed. */
  load: LoadEvent
  /** A resident is gone, and why. */
  unload: UnloadEvent
  /** A batch ran inside a thread. */
  batch: BatchEvent
  /** Texts were looked up in the cache of results. */
  cache: CacheEvent
  /** A swap to another key began, ended or was given up. */
  swap: SwapEvent
  /** Something that people should look at: a timeout, a fallback, a back-off, a lease held for long. */
  warning: WarningEvent
}

export interface RequestEvent {
  model: string
  task: string
  /** `ok`, or the code of the error. */
  outcome: string
  /** How many texts it had. */
  items: number
  tokens: number
  timings: Timings
}

/** Where the time of a request went. A phase that it did not go through is 0. */
export interface Timings {
  /** From the call to its admission: checks, and the synchronous part of acquiring. */
  admitMs: number
  /** Waiting for a lease, and inside the thread for a run. */
  queueMs: number
  /** The part of the wait in which the model was being loaded. */
  loadMs: number
  tokeniseMs: number
  inferMs: number
  /** Making the reply. */
  encodeMs: number
}

export interface LoadEvent {
  model: string
  /** As `formatKey` writes it: what is really being loaded, which may be a fallback. */
  key: string
  generation: number
  outcome: 'started' | 'loaded' | 'failed' | 'aborted'
  durationMs: number
  memoryBytes: number
  isFallback: boolean
  error?: string
}

export interface UnloadEvent {
  model: string
  key: string
  generation: number
  reason: UnloadReason
}

export type UnloadReason = 'idle' | 'evicted' | 'swapped' | 'requested' | 'lost' | 'stuck' | 'shutdown'

export interface BatchEvent {
  model: string
  texts: number
  /** Tokens that carry text, and tokens that the padded batch had in all. */
  tokens: number
  paddedTokens: number
  inferMs: number
}

export interface CacheEvent {
  model: string
  /** Texts whose vectors were there, and texts that had to be computed. */
  hits: number
  misses: number
}

export interface SwapEvent {
  slot: string
  from: string
  to: string
  mode: 'overlap' | 'drain'
  outcome: 'started' | 'ended' | 'given-up'
}

export interface WarningEvent {
  model: string
  code: string
  message: string
}
