import { CommitQueue, type QueueContext } from './commit-queue.ts'
import type { Write, Writer } from './write.ts'

/** A queue for each session that is being written, and none for the others. */
export class CombiningWriter implements Writer {
  readonly #context: QueueContext
  readonly #queues = new Map<string, CommitQueue>()

  constructor(context: QueueContext) {
    this.#context = context
  }

  write<R, A>(id: string, write: Write<R, A>): Promise<A> {
    let queue = this.#queues.get(id)
    if (queue === undefined) {
      queue = new CommitQueue(id, this.#context, () => this.#queues.delete(id))
      this.#queues.set(id, queue)
    }
    return queue.add(write)
  }
}
