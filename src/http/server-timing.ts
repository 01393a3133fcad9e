import type { Timings } from '../kernel/runtime-events.ts'

const PHASES = [
  ['admit', 'admitMs'],
  ['queue', 'queueMs'],
  ['load', 'loadMs'],
  ['tokenise', 'tokeniseMs'],
  ['infer', 'inferMs'],
  ['encode', 'encodeMs'],
] as const satisfies readonly (readonly [string, keyof Timings])[]

/** The value of the header `Server-Timing` (https://www.w3.org/TR/server-timing/): browsers and proxies show it. */
export function serverTiming(timings: Timings): string {
  return PHASES.map(([name, field]) => `${name};dur=${Math.round(timings[field] * 100) / 100}`).join(', ')
}
