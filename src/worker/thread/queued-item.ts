import type { WaitingItem } from '../../batching/waiting-item.ts'
import type { RunItem } from '../../engine/run-item.ts'
import type { Job } from './job.ts'

/** A job that wants what an item gives, under the number that the job gave it. */
export interface Subscriber<Row> {
  readonly job: Job<Row>
  readonly item: number
}

/** An item on its way through a batch. The same item is computed once for all who want it while it waits or runs. */
export interface QueuedItem<Row> extends WaitingItem {
  readonly item: RunItem
  /** Equal for equal items. */
  readonly key: string
  readonly subscribers: Subscriber<Row>[]
  priority: number
  deadlineAtMs: number
}

export function queuedItem<Row>(item: RunItem, key: string, subscriber: Subscriber<Row>): QueuedItem<Row> {
  const { priority, tenant, arrivedAtMs, deadlineAtMs } = subscriber.job
  const subscribers = [subscriber]
  const tokens = item.ids.length
  return { item, key, subscribers, tokens, priority, tenant, arrivedAtMs, deadlineAtMs, place: undefined }
}

/** The bytes of the ids as characters: one copy, and nothing for each token. */
export function keyOf({ ids, secondFrom = 0, firstToken = -1 }: RunItem): string {
  return `${secondFrom},${firstToken},${Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength).toString('latin1')}`
}

/** Takes the job out of those who want the item. Answers whether nobody is left. */
export function unsubscribe<Row>({ subscribers }: QueuedItem<Row>, job: Job<Row>): boolean {
  for (let i = subscribers.length - 1; i >= 0; i--) if (subscribers[i]?.job === job) subscribers.splice(i, 1)
  return subscribers.length === 0
}
