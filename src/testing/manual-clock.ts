import { setImmediate } from 'node:timers/promises'
import type { Clock, Timer, TimerOptions } from '../kernel/clock.ts'
import { Heap, type HeapEntry } from '../kernel/heap.ts'

/** 2025-01-01T00:00:00Z: what `wallMs()` says when `nowMs()` says 0. */
const WALL_ORIGIN_MS = 1_735_689_600_000

class ManualTimer implements Timer, HeapEntry {
  heapIndex = -1
  readonly atMs: number
  readonly order: number
  readonly callback: () => void
  readonly #timers: Heap<ManualTimer>

  constructor(atMs: number, order: number, callback: () => void, timers: Heap<ManualTimer>) {
    this.atMs = atMs
    this.order = order
    this.callback = callback
    this.#timers = timers
  }

  cancel(): void {
    this.#timers.remove(this)
  }

  /** A clock that is moved by hand keeps no process alive. */
  setBackground(): void {}

  [Symbol.dispose](): void {
    this.cancel()
  }
}

/**
 * A clock that moves only when told to. Timers fire in the order of their times, those of one time in the order in which
 * they were set, and while one fires the clock shows its time; a timer that is set while the clock moves fires in the same
 * move if it is due in it.
 *
 * ```ts
 * const clock = new ManualClock()
 * const waiting = sleep(clock, 500)
 * await clock.advanceAsync(500) // waiting is settled
 * ```
 */
export class ManualClock implements Clock {
  readonly #timers = new Heap<ManualTimer>((a, b) => a.atMs - b.atMs || a.order - b.order)
  #nowMs: number
  #timersSet = 0

  /** @param startMs What `nowMs()` says at first. @default 0 */
  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return WALL_ORIGIN_MS + this.#nowMs
  }

  callAt(atMs: number, callback: () => void, _options?: TimerOptions): Timer {
    if (Number.isNaN(atMs)) throw new RangeError('A timer needs a time in milliseconds, got NaN.')
    const timer = new ManualTimer(atMs, this.#timersSet++, callback, this.#timers)
    this.#timers.push(timer)
    return timer
  }

  /** Timers that are still to fire: 0 once everything is closed. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** When the next timer is due, on the scale of `nowMs()`; undefined when none is set. */
  get nextTimerAtMs(): number | undefined {
    return this.#timers.peek()?.atMs
  }

  /** Moves the clock and fires what falls due, all in this turn: promises that it resolves go on afterwards. */
  advance(durationMs: number): void {
    const untilMs = this.#endOf(durationMs)
    while (this.#fireNext(untilMs));
    this.#nowMs = untilMs
  }

  /** Moves the clock and lets promises go on before the first timer, after each one, and at the end. */
  async advanceAsync(durationMs: number): Promise<void> {
    const untilMs = this.#endOf(durationMs)
    do await this.settle()
    while (this.#fireNext(untilMs))
    this.#nowMs = untilMs
  }

  /** Moves to the next timer, fires it and lets promises go on. Answers false, and stays, when none is set. */
  async advanceToNextTimer(): Promise<boolean> {
    await this.settle()
    const fired = this.#fireNext(Infinity)
    if (fired) await this.settle()
    return fired
  }

  /** Lets every promise that can go on do so. The time stays. */
  async settle(): Promise<void> {
    // Node runs all microtasks, however deep, before the next immediate.
    await setImmediate()
  }

  #endOf(durationMs: number): number {
    if (!Number.isFinite(durationMs) || durationMs < 0)
      throw new RangeError(`The clock moves by a finite number of milliseconds ≥ 0, got ${durationMs}.`)
    return this.#nowMs + durationMs
  }

  #fireNext(untilMs: number): boolean {
    const timer = this.#timers.peek()
    if (timer === undefined || timer.atMs > untilMs || timer.atMs === Infinity) return false
    this.#timers.remove(timer)
    this.#nowMs = Math.max(this.#nowMs, timer.atMs)
    timer.callback()
    return true
  }
}
