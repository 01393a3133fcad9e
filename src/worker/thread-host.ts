import { Worker } from 'node:worker_threads'
import { Deferred } from '../kernel/deferred.ts'
import type { Host, HostEnd, HostOptions } from './host.ts'
import { trimMemory } from './malloc-trim.ts'
import type { ReleaseData, ThreadData, ToThread } from './protocol.ts'

/** Works from `src/` (tests) and from `dist/` alike: Node 20 starts threads from JavaScript only. */
const threadFile = (name: string): URL => new URL(`../../dist/worker/thread/${name}`, import.meta.url)

/** Threads run without the flags of the process: a loader given there would slow them down, or fail in them. */
const NO_FLAGS: string[] = []

/** Owns one worker thread: starts it, carries messages, sees its end and gives its memory back. */
export class ThreadHost implements Host {
  readonly isolation = 'thread'
  readonly maxRuns: number = Infinity
  readonly ended: Promise<HostEnd>
  readonly #worker: Worker
  readonly #left: ReleaseData

  /** @param entry What runs in it. @default the built one */
  constructor({ title, data, gauges, onMessage }: HostOptions, entry: URL = threadFile('main.js')) {
    const { sessionAddresses, valueAddresses } = gauges
    this.#left = { sessionAddresses, valueAddresses }
    const workerData: ThreadData = { ...data, gauges }
    this.#worker = new Worker(entry, { name: title, workerData, execArgv: NO_FLAGS })
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

  async #watchEnd(): Promise<HostEnd> {
    const exit = new Deferred<number>()
    let cause: unknown
    this.#worker.on('error', (error) => (cause = error))
    this.#worker.on('exit', (exitCode) => exit.resolve(exitCode))
    const exitCode = await exit.promise
    if (this.#left.sessionAddresses.some((address) => address !== 0n)) await releaseLeft(this.#left)
    await trimMemory()
    return { how: cause === undefined ? `with exit code ${exitCode}` : 'by an error', cause }
  }
}

/** A thread that did not end by itself leaves its native sessions behind, with all weights. Another thread releases them. */
async function releaseLeft(workerData: ReleaseData): Promise<void> {
  const worker = new Worker(threadFile('release.js'), { workerData, execArgv: NO_FLAGS })
  const exit = new Deferred<void>()
  worker.on('exit', () => exit.resolve())
  // Nobody waits for this memory: what cannot be released stays, and the process lives on.
  worker.on('error', () => {})
  await exit.promise
}
