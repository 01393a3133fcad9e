import { Deferred } from '../../kernel/deferred.ts'
import type { FromProcess, LoadData, ToProcess, ToThread } from '../protocol.ts'
import type { ResidentPort } from '../thread/serve.ts'

/** What a child process has of its own to speak with its parent. */
export type Channel = Pick<NodeJS.Process, 'on' | 'send' | 'disconnect'>

/** The way from a child process to the one that started it. */
export class ParentPort implements ResidentPort {
  readonly #channel: Channel
  readonly #load = new Deferred<LoadData>()
  readonly #later: ToThread[] = []
  #listener: ((message: ToThread) => void) | undefined
  #unsent = 0
  #allSent = new Deferred<void>()

  constructor(channel: Channel = process) {
    this.#channel = channel
    channel.on('message', (message: ToProcess) => {
      if (message.type === 'load') return this.#load.resolve(message.data)
      return this.#receive(withoutDelay(message.message, message.sentAtMs))
    })
  }

  /** The first message. */
  get loadData(): Promise<LoadData> {
    return this.#load.promise
  }

  /** Everything is copied. */
  send(message: FromProcess): void {
    this.#unsent++
    // Without a parent there is an error; it will be seen that the parent is gone.
    this.#channel.send?.(message, undefined, undefined, () => {
      if (--this.#unsent > 0) return
      this.#allSent.resolve()
      this.#allSent = new Deferred()
    })
  }

  /** Settles when what was sent is on its way: nothing is written while native code holds this thread up. */
  async flush(): Promise<void> {
    if (this.#unsent > 0) await this.#allSent.promise
  }

  onMessage(listener: (message: ToThread) => void): void {
    this.#listener = listener
    for (const message of this.#later.splice(0)) listener(message)
  }

  close(): void {
    void this.flush().then(() => this.#channel.disconnect())
  }

  #receive(message: ToThread): void {
    if (this.#listener) this.#listener(message)
    else this.#later.push(message)
  }
}

/** Takes off a request's deadline what it has waited here while a run held this thread up. */
function withoutDelay(message: ToThread, sentAtMs: number): ToThread {
  if (!('options' in message)) return message
  const { options } = message
  const deadlineInMs = options.deadlineInMs - (Number(process.hrtime.bigint()) / 1e6 - sentAtMs)
  return { ...message, options: { ...options, deadlineInMs } } as ToThread
}
