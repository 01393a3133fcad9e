import type { Clock, Timer } from '../kernel/clock.ts'
import { Heap, type HeapEntry } from '../kernel/heap.ts'

/** A wait that ends at a time. */
export interface Deadline extends HeapEntry {
  readonly deadlineAtMs: number
  /** The deadline has passed: the wait ends. */
  expire(): void
  /** Called when all waits that ended at the same time have ended: others may be served now. */
  afterExpiry(): void
}

const byClock = new WeakMap<Clock, Deadlines>()

/**
 * The deadlines of all waits on one clock, behind one timer: a timer for each wait would cost more than the wait. The
 * timer stands at or before the first deadline. It is not moved when the first wait ends, only when an earlier one comes
 * or when none is left, so a line that moves on quickly does not touch it.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #pending = new Heap<Deadline>((a, b) => a.deadlineAtMs - b.deadlineAtMs)
  #timer: Timer | undefined
  #timerAtMs = Infinity

  private constructor(clock: Clock) {
    this.#clock = clock
  }

  static of(clock: Clock): Deadlines {
    let deadlines = byClock.get(clock)
    if (deadlines === undefined) byClock.set(clock, (deadlines = new Deadlines(clock)))
    return deadlines
  }

  add(deadline: Deadline): void {
    this.#pending.push(deadline)
    if (deadline.deadlineAtMs < this.#timerAtMs) this.#arm(deadline.deadlineAtMs)
  }

  remove(deadline: Deadline): void {
    // An armed timer keeps the process alive, which is right while somebody waits and wrong afterwards.
    if (this.#pending.remove(deadline) && this.#pending.size === 0) this.#disarm()
  }

  #arm(atMs: number): void {
    this.#timer?.cancel()
    this.#timerAtMs = atMs
    this.#timer = this.#clock.callAt(atMs, () => this.#expire())
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAtMs = Infinity
  }

  #expire(): void {
    const nowMs = this.#clock.nowMs()
    const due: Deadline[] = []
    for (let first = this.#pending.peek(); first !== undefined; first = this.#pending.peek()) {
      if (first.deadlineAtMs > nowMs) break
      this.#pending.remove(first)
      due.push(first)
    }
    this.#disarm()
    const next = this.#pending.peek()
    if (next !== undefined) this.#arm(next.deadlineAtMs)
    // All that is due ends before anything is granted, or one that timed out could be served because of another.
    for (const deadline of due) deadline.expire()
    for (const deadline of due) deadline.afterExpiry()
  }
}
