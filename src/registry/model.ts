import type { Isolation } from './isolation.ts'
import type { ModelKey } from './model-key.ts'

/** What a model can be asked for. A model says which of them it has; the verbs of the others are absent. */
export const TASKS = ['embed', 'rerank', 'translate'] as const
export type Task = (typeof TASKS)[number]

/** A loaded model, wherever it runs. Its owner calls `close()` once, after the last use has ended. */
export interface Model {
  readonly tasks: readonly Task[]
  /** What it takes beyond a bare Node process, measured where that can be done. */
  readonly memoryBytes: number
  /** Where it runs; absent where that means nothing. */
  readonly isolation?: Isolation | undefined
  /** Why it is in a process of its own, where that was not asked for. */
  readonly isolationReason?: string | undefined
  /** What an embedding model says of itself; absent where `tasks` has no `embed`. */
  readonly embedding?: EmbeddingInfo | undefined
  /** The same of a translator. */
  readonly translation?: TranslationInfo | undefined
  embed?(inputs: readonly EmbedInput[], options?: EmbedRunOptions): Promise<Embeddings>
  /** Says how well each document answers the query. */
  rerank?(query: string, documents: readonly string[], options?: RerankRunOptions): Promise<RerankScores>
  translate?(texts: readonly string[], options?: TranslateRunOptions): Promise<Translations>
  /** Runs that the engine is in at this moment; disposal waits for them. */
  readonly activeRuns: number
  /** Tells of a death that nobody asked for. Disposing the result removes the listener. */
  onLost(listener: (error: Error) => void): Disposable
  /** Tells when the engine begins and ends a run; `run` is a number that no other run of this model has. */
  onRun?(listener: (event: { run: number; phase: 'started' | 'ended' }) => void): Disposable
  /**
   * Asks the run that `onRun` told of by this number to stop; what it was for fails with `InferenceError`. A stuck one may not
   * heed it; of one that has ended nothing comes.
   */
  stopRun(run: number): void
  /** Waits for runs in flight, ends the thread and gives the memory back. Settles when it has ended. */
  close(): Promise<void>
  /**
   * Ends the thread without waiting for anything; its callers get `reason` at once. Settles when the thread has ended,
   * which native code that hangs can put off for ever. `onLost` listeners are not called: this is asked for.
   */
  kill(reason: Error): Promise<void>
}

export interface EmbeddingInfo {
  readonly dimensions: number
  /** The most tokens of one text, special tokens counted. */
  readonly maxTokens: number
  readonly pooling: 'mean' | 'cls' | 'last-token'
  /** False for graphs whose vectors depend on the neighbours in a batch: those run one text at a time. */
  readonly isBatchInvariant: boolean
  /** Equal for models that give equal vectors: what a cache of results goes by. */
  readonly weights?: string | undefined
}

/** A text, or the ids of its tokens without special tokens, as the OpenAI interface allows. */
export type EmbedInput = string | readonly number[]

/** What every verb of a model takes. */
export interface RunOptions {
  readonly signal?: AbortSignal
  /** On the clock of `Clock.nowMs()`. What has not begun by then is never computed. */
  readonly deadlineAtMs?: number
  /** 0 is highest. */
  readonly priority?: number
  readonly tenant?: string
}

export interface EmbedRunOptions extends RunOptions {
  /** Puts the model's own prompt for this kind of text in front, where its configuration has one. */
  readonly inputType?: 'query' | 'document'
  /**
   * What becomes of a text over the model's limit: `true` cuts it there, `false` makes it an `InputTooLongError` that names it,
   * `'chunk'` runs it piece by piece and averages the pieces by their length. @default true
   */
  readonly truncate?: boolean | 'chunk'
  /** @default true */
  readonly normalize?: boolean
  /** Keeps the first `dimensions` values and normalises again. */
  readonly dimensions?: number
}

/** The vectors of one request, in input order. */
export interface Embeddings {
  /** `tokenCounts.length` rows of `dimensions` float32 values, row by row, in one buffer that nobody else holds. */
  readonly values: Float32Array<ArrayBuffer>
  readonly dimensions: number
  /** Tokens that were run for each text, special tokens counted. */
  readonly tokenCounts: readonly number[]
  /** Indices of the texts that were cut at the model's limit. */
  readonly truncated: readonly number[]
  readonly timings: RunTimings
}

export interface RerankRunOptions extends RunOptions {
  /** Tokens of a document that count, beyond those the model takes anyway. */
  readonly maxTokensPerDoc?: number
  /** True: what the model gives, not brought to the range from 0 to 1. @default false */
  readonly rawScores?: boolean
}

/** The scores of one request, in the order of its documents. */
export interface RerankScores {
  readonly scores: Float32Array<ArrayBuffer>
  /** Tokens that were run for each document; for a pair, those of the query are counted in. */
  readonly tokenCounts: readonly number[]
  /** Tokens of the query that were run by itself; 0 for models that read pairs. */
  readonly queryTokens: number
  /** Indices of the documents that were cut at a limit. */
  readonly truncated: readonly number[]
  readonly timings: RunTimings
}

export interface TranslationInfo {
  /** Each language that it translates from, with those that it translates into. Codes are ISO 639-1 where there is one. */
  readonly targets: Readonly<Record<string, readonly string[]>>
  /** The most tokens of one sentence, special tokens counted; longer ones are cut up. */
  readonly maxTokens: number
}

/** Codes of languages, of any system: `hi`, `hin_Deva`, `zh-TW`. */
export interface LanguagePair {
  readonly source: string
  readonly target: string
}

/** For models that want their text in a form of their own: transliterated, say, or with marks for the languages. */
export interface TextProcessor {
  /** What the model is to read in place of the sentence. */
  preprocess(sentence: string, languages: LanguagePair): string
  /** What people are to read in place of what the model wrote. */
  postprocess(translation: string, languages: LanguagePair): string
}

/** What the configuration says of a translator beyond its files. */
export interface TranslationSettings {
  /** Which languages it translates; absent: what its files say. */
  readonly languages?: {
    readonly source: string | readonly string[]
    readonly target: string | readonly string[]
  }
  /** A module whose default export is a `TextProcessor`. */
  readonly textProcessing?: string
}

export interface TranslateRunOptions extends RunOptions, Partial<LanguagePair> {
  /**
   * Called for each sentence as it is done: those of one text in their order, texts in theirs. Where it answers with a promise,
   * only a few sentences are done beyond the last one whose promise has settled.
   */
  readonly onSentence?: (sentence: TranslatedSentence) => void | Promise<void>
}

export interface TranslatedSentence {
  /** Which of the texts it belongs to. */
  readonly text: number
  /** Its place in that text: 0, 1, 2 … */
  readonly sentence: number
  /** With the white space that follows it; all sentences of a text joined are its translation. */
  readonly translation: string
}

/** The translations of one request, in the order of its texts. */
export interface Translations {
  readonly texts: readonly string[]
  /** Tokens that were read and written for each text. */
  readonly tokenCounts: readonly { readonly source: number; readonly target: number }[]
  /** Indices of the texts of which a sentence reached the limit of what the model may write for it. */
  readonly cut: readonly number[]
  readonly timings: RunTimings
}

/** Milliseconds that a request spent inside the thread. Of a request in several batches: the last one's end counts. */
export interface RunTimings {
  readonly tokeniseMs: number
  readonly queueMs: number
  readonly inferMs: number
}

/** What a factory is given to load one model. */
export interface LoadRequest {
  readonly key: ModelKey
  /** A folder of model files. */
  readonly source: string
  /** @default 'thread' */
  readonly isolation?: Isolation | undefined
  readonly translation?: TranslationSettings
  /** Aborts the load; whatever was opened is closed before the promise rejects. */
  readonly signal: AbortSignal
  /** 0 to 1; may be called any number of times, never after the promise has settled. */
  onProgress(fraction: number): void
}

export type ModelFactory = (request: LoadRequest) => Promise<Model>
