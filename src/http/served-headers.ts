import type { Timings } from '../kernel/runtime-events.ts'
import { serverTiming } from './server-timing.ts'

/** What every answer of a model says of where it came from. */
export interface ServedAnswer {
  readonly servedBy: string
  readonly generation: number
  readonly truncated: readonly number[]
  readonly timings: Timings
}

/** @param encodeMs What it took to write the body. */
export function servedHeaders(answer: ServedAnswer, encodeMs: number): Record<string, string> {
  const { servedBy, generation, truncated, timings } = answer
  return {
    'server-timing': serverTiming({ ...timings, encodeMs: timings.encodeMs + encodeMs }),
    // A header holds no character beyond Latin-1, and a model may be called as people like.
    'leasehold-served-by': encodeURI(servedBy),
    'leasehold-generation': String(generation),
    'leasehold-truncated': String(truncated.length),
  }
}
