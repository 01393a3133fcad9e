import type { RunTimings } from '../protocol.ts'

/** What the resident keeps of a job: when what was done for it, and how many items it has given out. */
export class JobClock {
  items = 0
  readonly #arrivedAtMs: number
  #tokeniseMs = 0

  constructor(arrivedAtMs: number) {
    this.#arrivedAtMs = arrivedAtMs
  }

  encoded(durationMs: number): void {
    this.#tokeniseMs += durationMs
  }

  /** @param lastRunStartedAtMs When the run began that finished the last item; now, if there was none. */
  timings(nowMs: number, lastRunStartedAtMs: number): RunTimings {
    const inferMs = nowMs - lastRunStartedAtMs
    const queueMs = Math.max(0, nowMs - this.#arrivedAtMs - this.#tokeniseMs - inferMs)
    return { tokeniseMs: this.#tokeniseMs, queueMs, inferMs }
  }
}
