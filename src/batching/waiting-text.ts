import type { HeapEntry } from '../kernel/heap.ts'

/**
 * A text that waits for a run, as the decisions see it. Times are on the clock of whoever fills the queue; nothing here
 * reads one.
 */
export interface WaitingText extends HeapEntry {
  /** Tokens that a run of it takes, special tokens counted. */
  readonly tokens: number
  /** 0 is highest. */
  readonly priority: number
  readonly arrivedAtMs: number
  /** What has not begun by then is never computed; `Infinity` where there is no deadline. */
  readonly deadlineAtMs: number
}

/**
 * One level of priority is worth this much waiting. A text of a lower priority is therefore overtaken for a bounded
 * time only, and the order of two texts never changes while they wait.
 */
const LEVEL_MS = 5_000

/** Below 0 when `a` is served before `b`: by priority, then by arrival. */
export function byUrgency(a: WaitingText, b: WaitingText): number {
  return urgencyMs(a) - urgencyMs(b)
}

function urgencyMs(text: WaitingText): number {
  return text.arrivedAtMs + text.priority * LEVEL_MS
}
