import type { Clock } from '../kernel/clock.ts'
import type { Pressure } from '../scheduler/events.ts'

export interface ProcessReadings {
  /** How late the timers of the main thread come at present. */
  readonly eventLoopDelayMs: number
  readonly residentBytes: number
}

export interface PressureLimits {
  readonly maxEventLoopDelayMs: number
  readonly maxProcessMemoryBytes: number
}

/** How far over its limit a reading has to be before everything is refused, and not only what can wait. */
const REJECT_AT_DELAY = 3
const REJECT_AT_MEMORY = 1.03
/** Reading the memory costs some 10 µs, and neither reading changes faster. */
const SAMPLE_MS = 1_000

/** Over a limit, work of low priority is shed; far over it, all new work is refused. Below it again, all is well again. */
export function pressureOf(readings: ProcessReadings, limits: PressureLimits): Pressure {
  const delay = readings.eventLoopDelayMs / limits.maxEventLoopDelayMs
  const memory = readings.residentBytes / limits.maxProcessMemoryBytes
  if (delay > REJECT_AT_DELAY || memory > REJECT_AT_MEMORY) return 'reject'
  return delay > 1 || memory > 1 ? 'shed' : 'none'
}

/** The pressure on this process, read when somebody asks and not more often than is worth it: it needs no timer. */
export class PressureWatch {
  readonly #read: () => ProcessReadings
  readonly #limits: PressureLimits
  readonly #clock: Clock
  #level: Pressure = 'none'
  #nextSampleAtMs = 0

  constructor(read: () => ProcessReadings, limits: PressureLimits, clock: Clock) {
    this.#read = read
    this.#limits = limits
    this.#clock = clock
  }

  level(): Pressure {
    const nowMs = this.#clock.nowMs()
    if (nowMs >= this.#nextSampleAtMs) {
      this.#nextSampleAtMs = nowMs + SAMPLE_MS
      this.#level = pressureOf(this.#read(), this.#limits)
    }
    return this.#level
  }
}
