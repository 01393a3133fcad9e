import type { BatchLimits } from '../../batching/batch-cut.ts'
import { BatchQueue } from '../../batching/batch-queue.ts'
import type { WaitingItem } from '../../batching/waiting-item.ts'
import type { RunItem } from '../../engine/run-item.ts'
import type { Job } from './job.ts'

/** A job that wants what an item gives, under the number that the job gave it. */
export interface Subscriber<Row> {
  readonly job: Job<Row>
  readonly item: number
}

/** An item that waits or runs, and who wants it. The same item is computed once for all of them. */
export interface SharedItem<Row> {
  readonly item: RunItem
  readonly tokens: number
  /** Equal for equal items. */
  readonly key: string
  readonly subscribers: Subscriber<Row>[]
  /** Where it waits: once for each tenant and priority that wants it, so that it comes when the first of them is served. */
  readonly entries: Entry<Row>[]
}

interface Entry<Row> extends WaitingItem {
  readonly shared: SharedItem<Row>
  deadlineAtMs: number
}

/** What is to run now, and what somebody wanted too long ago. */
export interface NextItems<Row> {
  readonly batch: readonly SharedItem<Row>[]
  readonly expired: readonly SharedItem<Row>[]
}

/** The items of all jobs on their way through batches. */
export class WaitingItems<Row> {
  readonly #queue: BatchQueue<Entry<Row>>
  readonly #items = new Map<string, SharedItem<Row>>()

  /** @param weightOf The share of a tenant where tenants compete. */
  constructor(weightOf: (tenant: string) => number) {
    this.#queue = new BatchQueue(weightOf)
  }

  get size(): number {
    return this.#queue.size
  }

  /** Answers with the item that is computed for the subscriber, and perhaps for others. */
  want(item: RunItem, subscriber: Subscriber<Row>): SharedItem<Row> {
    const key = keyOf(item)
    const known = this.#items.get(key)
    const shared = known ?? { item, tokens: item.ids.length, key, subscribers: [], entries: [] }
    // What has no entry any more runs: whoever comes now has its result as well.
    if (known === undefined || known.entries.length > 0) this.#enter(shared, subscriber.job)
    this.#items.set(key, shared)
    shared.subscribers.push(subscriber)
    return shared
  }

  /** The job wants it no more. Answers whether anybody does. */
  leave(shared: SharedItem<Row>, job: Job<Row>): boolean {
    const { subscribers, entries } = shared
    for (let i = subscribers.length - 1; i >= 0; i--)
      if (subscribers[i]?.job === job) subscribers.splice(i, 1)
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i] as Entry<Row>
      if (subscribers.some((other) => isOf(other.job, entry))) continue
      entries.splice(i, 1)
      this.#queue.withdraw(entry)
    }
    if (subscribers.length === 0) this.forget(shared)
    return subscribers.length > 0
  }

  /** Forms a batch; see `BatchQueue.next`. Items of it may have lost their last subscriber to a deadline. */
  next(nowMs: number, freeRuns: number, limits: BatchLimits): NextItems<Row> {
    const { batch, expired } = this.#queue.next(nowMs, freeRuns, limits)
    for (const entry of expired) removeFrom(entry.shared.entries, entry)
    const items = new Set(batch.map(({ shared }) => shared))
    for (const { entries } of items) for (const entry of entries.splice(0)) this.#queue.withdraw(entry)
    return { batch: [...items], expired: [...new Set(expired.map(({ shared }) => shared))] }
  }

  /** Whoever wants the same from now on has it computed again. */
  forget(shared: SharedItem<Row>): void {
    if (this.#items.get(shared.key) === shared) this.#items.delete(shared.key)
  }

  #enter(shared: SharedItem<Row>, job: Job<Row>): void {
    const known = shared.entries.find((entry) => isOf(job, entry))
    if (known) {
      known.deadlineAtMs = Math.max(known.deadlineAtMs, job.deadlineAtMs)
      return
    }
    const { priority, tenant, arrivedAtMs, deadlineAtMs } = job
    const { tokens } = shared
    const entry: Entry<Row> = {
      shared,
      tokens,
      priority,
      tenant,
      arrivedAtMs,
      deadlineAtMs,
      place: undefined,
    }
    this.#queue.add(entry)
    shared.entries.push(entry)
  }
}

function isOf<Row>(job: Job<Row>, entry: Entry<Row>): boolean {
  return job.tenant === entry.tenant && job.priority === entry.priority
}

/** The bytes of the ids as characters: one copy, and nothing for each token. */
function keyOf({ ids, secondFrom = 0, firstToken = -1 }: RunItem): string {
  return `${secondFrom},${firstToken},${Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength).toString('latin1')}`
}

function removeFrom<T>(list: T[], value: T): void {
  const place = list.indexOf(value)
  if (place !== -1) list.splice(place, 1)
}
