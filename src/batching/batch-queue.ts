import { Heap } from '../kernel/heap.ts'
import { cutBatch, type BatchLimits } from './batch-cut.ts'
import { byUrgency, type WaitingText } from './waiting-text.ts'

/** How many of the most urgent texts a batch is chosen from. */
export const WINDOW_TEXTS = 64

/** Room for padding in the share of a run: two texts of nearly the same length belong together. */
const SHARE_SLACK = 1.25

/** A decision: run these together, and tell these that their deadline has passed. Either may be empty. */
export interface BatchDecision<T> {
  readonly batch: readonly T[]
  readonly expired: readonly T[]
}

/**
 * The texts that wait for a run, and the choice of those that run together. It decides when asked and does nothing by
 * itself: no clock, no promise, no I/O.
 */
export class BatchQueue<T extends WaitingText> {
  readonly #waiting = new Heap<T>(byUrgency)
  #waitingTokens = 0

  get size(): number {
    return this.#waiting.size
  }

  add(text: T): void {
    this.#waiting.push(text)
    this.#waitingTokens += text.tokens
  }

  /** Takes out a text whose caller has left. Answers whether it was waiting. */
  withdraw(text: T): boolean {
    const wasWaiting = this.#waiting.remove(text)
    if (wasWaiting) this.#waitingTokens -= text.tokens
    return wasWaiting
  }

  /**
   * Forms the next batch. The most urgent text is always in it; the others come from the window. Where the texts that
   * wait would not fill the runs that are free, they are shared out among them: nothing waits for company while a run
   * is free, and no run stays idle while a batch is long.
   *
   * @param freeRuns How many runs could start now; at least 1.
   */
  next(nowMs: number, freeRuns: number, limits: BatchLimits): BatchDecision<T> {
    const expired: T[] = []
    const window = this.#takeWindow(nowMs, expired)
    if (window.length === 0) return { batch: [], expired }
    const batch = cutBatch(window, this.#limitsOfShare(window, freeRuns, limits))
    const taken = new Set(batch)
    for (const text of window) if (!taken.has(text)) this.add(text)
    return { batch, expired }
  }

  /** Removes the most urgent texts, in order of urgency. */
  #takeWindow(nowMs: number, expired: T[]): T[] {
    const window: T[] = []
    while (window.length < WINDOW_TEXTS) {
      const text = this.#waiting.pop()
      if (text === undefined) break
      this.#waitingTokens -= text.tokens
      if (text.deadlineAtMs <= nowMs) expired.push(text)
      else window.push(text)
    }
    return window
  }

  #limitsOfShare(window: readonly T[], freeRuns: number, limits: BatchLimits): BatchLimits {
    if (freeRuns === 1) return limits
    const waitingTokens = window.reduce((sum, text) => sum + text.tokens, this.#waitingTokens)
    const shareTokens = Math.ceil((waitingTokens / freeRuns) * SHARE_SLACK)
    return { ...limits, maxPaddedTokens: Math.min(limits.maxPaddedTokens, shareTokens) }
  }
}
