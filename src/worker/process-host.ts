import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Deferred } from '../kernel/deferred.ts'
import type { Host, HostEnd, HostOptions } from './host.ts'
import type { FromProcess, FromThread, Gauges, ToProcess, ToThread } from './protocol.ts'

/** Works from `src/` (tests) and from `dist/` alike. */
const ENTRY = new URL('../../dist/worker/process/main.js', import.meta.url)

/** What the child prints goes to our standard error: standard output may be what a command has to say. */
const STANDARD_ERROR = 2

/** Owns one child process: starts it, carries messages, writes down its gauges, sees its end. */
export class ProcessHost implements Host {
  readonly isolation = 'process'
  /** The stock binding holds up the thread that calls it. */
  readonly maxRuns = 1
  readonly ended: Promise<HostEnd>
  readonly #child: ChildProcess
  readonly #gauges: Gauges
  readonly #onMessage: (message: FromThread) => void
  #isLoaded = false

  /** @param entry What runs in it. @default the built one */
  constructor({ title, data, gauges, onMessage }: HostOptions, entry: URL = ENTRY) {
    this.#gauges = gauges
    this.#onMessage = onMessage
    // The title is for those who look at the list of processes. Flags of this process are not for the child.
    const { NODE_OPTIONS: _, ...env } = process.env
    this.#child = fork(fileURLToPath(entry), [title], {
      env,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', STANDARD_ERROR, STANDARD_ERROR, 'ipc'],
    })
    this.#child.on('message', (message) => this.#receive(message as FromProcess))
    this.ended = this.#watchEnd()
    this.#send({ type: 'load', data })
  }

  post(message: ToThread): void {
    // A load holds the child's only thread up, and there is nothing yet that would have to be ended well.
    if (message.type === 'close' && !this.#isLoaded) this.terminate()
    else this.#send({ type: 'pass-on', message, sentAtMs: Number(process.hrtime.bigint()) / 1e6 })
  }

  /** The system ends the process whatever it does. */
  terminate(): void {
    this.#child.kill('SIGKILL')
  }

  #send(message: ToProcess): void {
    // What cannot be sent any more needs no error of its own: the end of the child is seen, and told to all who wait.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  #receive(message: FromProcess): void {
    if (message.type === 'gauges') {
      Atomics.store(this.#gauges.activeRuns, 0, message.activeRuns)
      Atomics.store(this.#gauges.memoryBytes, 0, BigInt(message.memoryBytes))
      return
    }
    this.#isLoaded ||= message.type === 'loaded'
    this.#onMessage(withOwnBuffer(message))
  }

  /** After the last message: those on their way when the child ends still come. */
  async #watchEnd(): Promise<HostEnd> {
    const child = this.#child
    const exit = new Deferred<HostEnd>()
    const disconnect = new Deferred<void>()
    child.on('exit', (exitCode, signal) => {
      const how = signal === null ? `with exit code ${exitCode}` : `by the signal ${signal}`
      exit.resolve({ how, cause: undefined })
    })
    child.on('disconnect', () => disconnect.resolve())
    child.on('error', (cause) => {
      // One that could not be started has no end.
      if (child.pid !== undefined) return
      exit.resolve({ how: 'by an error', cause })
      disconnect.resolve()
    })
    const end = await exit.promise
    await disconnect.promise
    return end
  }
}

/** Numbers come as a view on the whole message as it was read; whoever gets them is to have a buffer that nobody else holds. */
function withOwnBuffer(message: FromThread): FromThread {
  if (message.type === 'embedded') return { ...message, values: message.values.slice() }
  if (message.type === 'reranked') return { ...message, scores: message.scores.slice() }
  return message
}
