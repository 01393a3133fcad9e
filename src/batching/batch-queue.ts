import { WaitQueue } from '../kernel/wait-queue.ts'
import { cutBatch, type BatchLimits } from './batch-cut.ts'
import { LEVEL_MS, type WaitingItem } from './waiting-item.ts'

/**
 * How many items a batch is chosen from: so many that they fill several batches, so that each can be of items of one length.
 * Counted over queues of short texts, 64 instead of 150 cost 6 % more tokens, padding and overhead of runs included; over texts
 * of mixed lengths, where 64 are enough for that, 128 instead save 1 %.
 */
export const LEAST_WINDOW_ITEMS = 64
export const MOST_WINDOW_ITEMS = 256
const WINDOW_BATCHES = 4

/** Room for padding in the share of a run: two texts of nearly the same length belong together. */
const SHARE_SLACK = 1.25

/** A decision: run these together, and tell these that their deadline has passed. Either may be empty. */
export interface BatchDecision<T> {
  readonly batch: readonly T[]
  readonly expired: readonly T[]
}

/**
 * What waits for a run, and the choice of what runs together. It decides when asked and does nothing by itself: no clock,
 * no promise, no I/O.
 *
 *   waiting: by priority, share of the tenant, arrival ──▶ window ──▶ the batch that holds the first, cut by length
 */
export class BatchQueue<T extends WaitingItem> {
  readonly #waiting: WaitQueue<T>
  #waitingTokens = 0

  /** @param weightOf The share of a tenant where tenants compete. */
  constructor(weightOf: (tenant: string) => number = () => 1) {
    this.#waiting = new WaitQueue({
      weightOf,
      costOf: (item) => item.tokens,
      agingMs: () => LEVEL_MS,
      // Else the backlog of one tenant, once it is old, would be ahead of everything that others ask for.
      risesOnlyUnserved: true,
    })
  }

  get size(): number {
    return this.#waiting.size
  }

  add(item: T): void {
    this.#waiting.add(item)
    this.#waitingTokens += item.tokens
  }

  /** Takes out an item whose callers have left. Answers whether it was waiting. */
  withdraw(item: T): boolean {
    const wasWaiting = this.#waiting.remove(item)
    if (wasWaiting) this.#waitingTokens -= item.tokens
    return wasWaiting
  }

  /**
   * Forms the next batch. Whoever is first is always in it. Where what waits would not fill the runs that are free, it is
   * shared out among them: nothing waits for company while a run is free, and no run stays idle while a batch is long.
   *
   * @param freeRuns How many runs could start now; at least 1.
   */
  next(nowMs: number, freeRuns: number, limits: BatchLimits): BatchDecision<T> {
    const expired: T[] = []
    const windowItems = this.#windowItems(limits)
    let window = this.#waiting.upcoming(nowMs, windowItems)
    while (window.some((item) => item.deadlineAtMs <= nowMs)) {
      const late = window.filter((item) => item.deadlineAtMs <= nowMs)
      for (const item of late) this.withdraw(item)
      expired.push(...late)
      window = this.#waiting.upcoming(nowMs, windowItems)
    }
    const [leader] = window
    if (leader === undefined) return { batch: [], expired }
    const batch = cutBatch(window, leader, this.#limitsOfShare(freeRuns, limits))
    for (const item of batch) {
      this.#waiting.takeOut(item)
      this.#waitingTokens -= item.tokens
    }
    return { batch, expired }
  }

  #windowItems({ maxPaddedTokens }: BatchLimits): number {
    const meanTokens = this.#waitingTokens / this.#waiting.size
    const items = Math.ceil((WINDOW_BATCHES * maxPaddedTokens) / meanTokens)
    return Math.min(MOST_WINDOW_ITEMS, Math.max(LEAST_WINDOW_ITEMS, items))
  }

  #limitsOfShare(freeRuns: number, limits: BatchLimits): BatchLimits {
    if (freeRuns === 1) return limits
    const shareTokens = Math.ceil((this.#waitingTokens / freeRuns) * SHARE_SLACK)
    return { ...limits, maxPaddedTokens: Math.min(limits.maxPaddedTokens, shareTokens) }
  }
}
