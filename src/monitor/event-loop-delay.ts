import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import type { Clock } from '../kernel/clock.ts'

/** How late timers of the main thread came, in milliseconds. */
export interface EventLoopDelay {
  p50Ms: number
  p90Ms: number
  p99Ms: number
  maxMs: number
}

/** A timer every 10 ms costs 0.05 % of one core. */
const RESOLUTION_MS = 10
/** Readers that come more often than this share a window, so that none takes the figures away from another. */
const WINDOW_MS = 5_000

/** The delay of the event loop over the latest window, which is as long as the pause between two reads, at least 5 s. */
export class EventLoopDelayMeter implements Disposable {
  readonly #clock: Clock
  readonly #histogram: IntervalHistogram
  #windowStartMs: number
  #latest: EventLoopDelay | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    this.#histogram.enable()
    this.#windowStartMs = clock.nowMs()
  }

  read(): EventLoopDelay {
    const nowMs = this.#clock.nowMs()
    const isOver = nowMs - this.#windowStartMs >= WINDOW_MS
    if (this.#latest !== undefined && !isOver) return this.#latest
    this.#latest = summarise(this.#histogram)
    this.#histogram.reset()
    this.#windowStartMs = nowMs
    return this.#latest
  }

  [Symbol.dispose](): void {
    this.#histogram.disable()
  }
}

/** Node measures from timer to timer, so its own interval is in every value. */
function summarise(histogram: IntervalHistogram): EventLoopDelay {
  const delayMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
  if (histogram.count === 0) return { p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 }
  return {
    p50Ms: delayMs(histogram.percentile(50)),
    p90Ms: delayMs(histogram.percentile(90)),
    p99Ms: delayMs(histogram.percentile(99)),
    maxMs: delayMs(histogram.max),
  }
}
