import { onAbort } from '../kernel/abort.ts'
import type { Clock, Timer } from '../kernel/clock.ts'
import { Deferred } from '../kernel/deferred.ts'
import { WaitTimeoutError } from '../kernel/errors.ts'
import type { TranslatedSentence } from '../registry/model.ts'

/** How long a sentence lies ready before the reader counts as gone. */
const SILENCE_MS = 30_000

/** What fills the stream: each sentence is taken when the promise that it is answered with settles. */
type Producer = (
  signal: AbortSignal,
  onSentence: (sentence: TranslatedSentence) => Promise<void>,
) => Promise<void>

interface ReadySentence {
  readonly sentence: TranslatedSentence
  readonly taken: Deferred<void>
}

/**
 * Sentences for one reader. The work begins with the first read and goes on no further than the producer is let: what holds
 * it back is that sentences are not taken. It is stopped when the reader leaves, aborts, or is silent for too long.
 */
export class SentenceStream implements AsyncIterableIterator<TranslatedSentence> {
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  readonly #produce: Producer
  readonly #stop = new AbortController()
  readonly #ready: ReadySentence[] = []
  /** How many sentences of each text were passed on: work that is begun anew repeats them. */
  readonly #passed = new Map<number, number>()
  #work: Promise<void> | undefined
  /** Settles at the next change: a sentence, or the end. */
  #change = new Deferred<void>()
  #end: { readonly error: unknown } | undefined
  #isDone = false
  #silence: Timer | undefined

  constructor(clock: Clock, signal: AbortSignal | undefined, produce: Producer) {
    this.#clock = clock
    this.#signal = signal
    this.#produce = produce
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** @throws what the work failed with; `WaitTimeoutError` when nothing was read for half a minute */
  async next(): Promise<IteratorResult<TranslatedSentence, undefined>> {
    this.#silence?.cancel()
    if (!this.#isDone) this.#work ??= this.#run()
    while (this.#ready.length === 0 && !this.#isDone) await this.#change.promise
    const next = this.#end === undefined ? this.#ready.shift() : undefined
    if (next !== undefined) {
      next.taken.resolve()
      this.#watchReader()
      return { done: false, value: next.sentence }
    }
    const { error } = this.#end ?? {}
    this.#end = undefined
    this.#ready.length = 0
    if (error !== undefined) throw error
    return { done: true, value: undefined }
  }

  /** The reader leaves. Settles when the work has ended and its lease is given back. */
  async return(): Promise<IteratorResult<TranslatedSentence, undefined>> {
    this.#silence?.cancel()
    this.#isDone = true
    this.#stop.abort(new DOMException('The reader has left.', 'AbortError'))
    this.#ready.length = 0
    await this.#work
    this.#end = undefined
    return { done: true, value: undefined }
  }

  /** Never rejects: how it ended is told to the reader. */
  async #run(): Promise<void> {
    const abortListener = onAbort(this.#signal, (reason) => this.#stop.abort(reason))
    // Nobody takes them any more: whoever waits for that hears why.
    const stopListener = onAbort(this.#stop.signal, (reason) => {
      for (const { taken } of this.#ready) taken.reject(reason)
    })
    try {
      await this.#produce(this.#stop.signal, (sentence) => this.#offer(sentence))
    } catch (error) {
      this.#end = { error }
    } finally {
      abortListener[Symbol.dispose]()
      stopListener[Symbol.dispose]()
      this.#silence?.cancel()
      this.#isDone = true
      this.#tell()
    }
  }

  async #offer(sentence: TranslatedSentence): Promise<void> {
    const passed = this.#passed.get(sentence.text) ?? 0
    if (sentence.sentence < passed) return
    this.#passed.set(sentence.text, passed + 1)
    const taken = new Deferred<void>()
    this.#ready.push({ sentence, taken })
    this.#tell()
    if (this.#ready.length === 1) this.#watchReader()
    await taken.promise
  }

  #tell(): void {
    this.#change.resolve()
    this.#change = new Deferred()
  }

  #watchReader(): void {
    this.#silence?.cancel()
    if (this.#ready.length === 0 || this.#isDone) return
    const giveUp = (): void => {
      const message = `The stream was ended: nobody took a sentence for ${SILENCE_MS / 1_000} s.`
      this.#stop.abort(new WaitTimeoutError(message, { waitedMs: SILENCE_MS }))
    }
    this.#silence = this.#clock.callAt(this.#clock.nowMs() + SILENCE_MS, giveUp, { background: true })
  }
}
