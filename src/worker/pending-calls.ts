import { onAbort } from '../kernel/abort.ts'
import { Deferred } from '../kernel/deferred.ts'
import type { TranslateRunOptions } from '../registry/model.ts'
import type { Reply } from './protocol.ts'

interface PendingCall {
  readonly reply: Deferred<Reply>
  readonly abortListener: Disposable
  readonly onSentence: TranslateRunOptions['onSentence']
  wasStarted: boolean
}

/** Calls that wait for an answer of the thread. Each is settled exactly once; what comes later is dropped. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>()
  #lastId = 0

  get size(): number {
    return this.#calls.size
  }

  /**
   * @param withdraw Called when the caller leaves: tells the thread.
   * @param onSentence Who hears of sentences before the answer, if anybody does.
   * @returns The id under which the answer is to come, and the answer.
   */
  open(
    signal: AbortSignal | undefined,
    withdraw: (id: number) => void,
    onSentence?: TranslateRunOptions['onSentence'],
  ): { id: number; reply: Promise<Reply> } {
    const id = ++this.#lastId
    const reply = new Deferred<Reply>()
    const abortListener = onAbort(signal, (reason) => {
      if (this.reject(id, reason)) withdraw(id)
    })
    this.#calls.set(id, { reply, abortListener, onSentence, wasStarted: false })
    return { id, reply: reply.promise }
  }

  /** Who hears of the sentences of a call that still waits. */
  listener(id: number): TranslateRunOptions['onSentence'] {
    return this.#calls.get(id)?.onSentence
  }

  resolve(id: number, reply: Reply): void {
    this.#take(id)?.reply.resolve(reply)
  }

  /** Answers whether somebody was waiting. */
  reject(id: number, reason: unknown): boolean {
    const call = this.#take(id)
    call?.reply.reject(reason)
    return call !== undefined
  }

  /** The engine has begun with texts of these calls. */
  markStarted(ids: readonly number[]): void {
    for (const id of ids) {
      const call = this.#calls.get(id)
      if (call) call.wasStarted = true
    }
  }

  /** @param reason Makes the error of one caller: no two share an object. */
  rejectAll(reason: (wasStarted: boolean) => unknown): void {
    for (const [id, { wasStarted }] of this.#calls) this.reject(id, reason(wasStarted))
  }

  #take(id: number): PendingCall | undefined {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    call?.abortListener[Symbol.dispose]()
    return call
  }
}
