import { Worker } from 'node:worker_threads'
import { Deferred } from '../kernel/deferred.ts'
import { trimMemory } from './malloc-trim.ts'
import type { FromThread, ThreadData, ToThread } from './protocol.ts'

/** Works from `src/` (tests) and from `dist/` alike: Node 20 starts threads from JavaScript only. */
const THREAD_ENTRY = new URL('../../dist/worker/thread/main.js', import.meta.url)

/** How a thread ended. `cause` is what it threw, or undefined when it threw nothing. */
export interface ThreadEnd {
  readonly exitCode: number
  readonly cause: unknown
}

/** Owns one worker thread: starts it, carries messages, sees its end and gives its memory back. */
export class ThreadHost {
  /** Settles, never rejects, when the thread has ended and its memory is given back. */
  readonly ended: Promise<ThreadEnd>
  readonly #worker: Worker

  constructor(title: string, data: ThreadData, onMessage: (message: FromThread) => void) {
    // Without the flags of the parent: a loader given there would slow every thread down, or fail in it.
    this.#worker = new Worker(THREAD_ENTRY, { name: title, workerData: data, execArgv: [] })
    this.#worker.on('message', onMessage)
    this.ended = this.#watchEnd()
  }

  post(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  /** Ends the thread's JavaScript at once; native calls in flight still come to their end before `ended` settles. */
  terminate(): void {
    void this.#worker.terminate()
  }

  async #watchEnd(): Promise<ThreadEnd> {
    const exit = new Deferred<number>()
    let cause: unknown
    this.#worker.on('error', (error) => (cause = error))
    this.#worker.on('exit', (exitCode) => exit.resolve(exitCode))
    const exitCode = await exit.promise
    await trimMemory()
    return { exitCode, cause }
  }
}
