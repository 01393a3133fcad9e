import { Worker } from 'node:worker_threads'
import { Deferred } from '../kernel/deferred.ts'
import { trimMemory } from './malloc-trim.ts'
import type { FromThread, ReleaseData, ThreadData, ToThread } from './protocol.ts'

/** Works from `src/` (tests) and from `dist/` alike: Node 20 starts threads from JavaScript only. */
const threadFile = (name: string): URL => new URL(`../../dist/worker/thread/${name}`, import.meta.url)

/** Threads run without the flags of the process: a loader given there would slow them down, or fail in them. */
const NO_FLAGS: string[] = []

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
  readonly #sessionAddresses: BigUint64Array<SharedArrayBuffer>

  constructor(title: string, data: ThreadData, onMessage: (message: FromThread) => void) {
    this.#sessionAddresses = data.gauges.sessionAddresses
    this.#worker = new Worker(threadFile('main.js'), { name: title, workerData: data, execArgv: NO_FLAGS })
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
    if (this.#sessionAddresses.some((address) => address !== 0n)) {
      await releaseLeftSessions(this.#sessionAddresses)
    }
    await trimMemory()
    return { exitCode, cause }
  }
}

/** A thread that did not end by itself leaves its native sessions behind, with all weights. Another thread releases them. */
async function releaseLeftSessions(sessionAddresses: BigUint64Array<SharedArrayBuffer>): Promise<void> {
  const workerData: ReleaseData = { sessionAddresses }
  const worker = new Worker(threadFile('release.js'), { workerData, execArgv: NO_FLAGS })
  const exit = new Deferred<void>()
  worker.on('exit', () => exit.resolve())
  // Nobody waits for this memory: what cannot be released stays, and the process lives on.
  worker.on('error', () => {})
  await exit.promise
}
