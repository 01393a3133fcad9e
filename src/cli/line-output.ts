import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { Deferred } from '../kernel/deferred.ts'

/** Lines to a stream that may be slow, or gone: a pipe whose reader has read enough (`| head`). */
export class LineOutput {
  readonly #stream: Writable
  readonly #gone = new Deferred<never>()
  #isGone = false

  constructor(stream: Writable, onGone: () => void) {
    this.#stream = stream
    this.#gone.promise.catch(() => {})
    stream.on('error', (error) => {
      this.#isGone = true
      this.#gone.reject(error)
      onGone()
    })
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Resolves when the stream can take more; rejects when there is nobody to read it any more. */
  async write(line: string): Promise<void> {
    if (this.#isGone) return this.#gone.promise
    if (!this.#stream.write(`${line}\n`))
      await Promise.race([once(this.#stream, 'drain'), this.#gone.promise])
  }
}
