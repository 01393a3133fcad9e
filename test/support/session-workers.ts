import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'

const script = join(import.meta.dirname, 'session-worker.mjs')

export type WorkerTask = { backend: object; id: string; job: string } & Record<string, unknown>

/** A line that a worker says, as plain data. */
export type WorkerMessage = Record<string, unknown>

/** A process that works on a session; see session-worker.mjs. */
export class SessionProcess {
  /** What it has said, unless somebody else hears it. */
  readonly messages: WorkerMessage[] = []
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown>
  #onMessage = (): void => {}

  constructor(task: WorkerTask, hear = (message: WorkerMessage): unknown => this.messages.push(message)) {
    this.#child = fork(script, [JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
    this.#exit = once(this.#child, 'close')
    createInterface(this.#child.stdout as Readable).on('line', (line) => {
      hear(JSON.parse(line) as WorkerMessage)
      this.#onMessage()
    })
  }

  /** Resolves when a message has the field; rejects when the process ends without having said it. */
  async says(field: string, count = 1): Promise<WorkerMessage> {
    const found = (): WorkerMessage | undefined =>
      this.messages.filter((message) => field in message)[count - 1]
    const ended = this.#exit.then(() => true)
    for (let message = found(); ; message = found()) {
      if (message !== undefined) return message
      const more = new Promise<false>((resolve) => (this.#onMessage = () => resolve(false)))
      if ((await Promise.race([more, ended])) && found() === undefined)
        throw new Error(`The process ended without saying "${field}".`)
    }
  }

  /** Ends it as a power failure of its own; all that it said before is in `messages` afterwards. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  /** Rejects unless it has done its work. */
  async ended(): Promise<void> {
    await this.#exit
    const { exitCode, signalCode } = this.#child
    if (exitCode !== 0) throw new Error(`The process ended with ${exitCode ?? signalCode}.`)
  }
}

/** Lets a thread work until it has said the field so many times, and ends it in the middle. */
export async function terminateThread(
  task: WorkerTask,
  field: string,
  count: number,
): Promise<WorkerMessage[]> {
  const messages: WorkerMessage[] = []
  const worker = new Worker(script, { workerData: task })
  await new Promise<void>((resolve) => {
    worker.on('message', (message: WorkerMessage) => {
      messages.push(message)
      if (field in message && --count === 0) resolve()
    })
  })
  await worker.terminate()
  return messages
}

/** Has the work done in a process. Rejects when that fails. */
export async function runProcess(task: WorkerTask, hear: (message: WorkerMessage) => unknown): Promise<void> {
  await new SessionProcess(task, hear).ended()
}

/** The same in a thread. */
export async function runThread(task: WorkerTask, hear: (message: WorkerMessage) => unknown): Promise<void> {
  const worker = new Worker(script, { workerData: task })
  worker.on('message', hear)
  await once(worker, 'exit')
}
