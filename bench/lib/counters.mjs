// Two processes that add 1 to counters for a while, side by side.
import { answer, startChild } from './child.mjs'

const PROCESSES = 2
export const CALLERS = 64
const ROUND_MS = 700

/**
 * @param {string} file A module that calls `countWhenAsked`.
 * @param {unknown} setup What it begins with.
 * @returns {Promise<{ count(side: string): Promise<{ perSecond: number, share: number }>, close(): Promise<unknown> }>} `share`:
 *   how much of an equal part of all additions the process with the least of them has made.
 */
export async function startCounters(file, setup) {
  const processes = await Promise.all(Array.from({ length: PROCESSES }, () => startChild(file, setup)))
  return {
    async count(side) {
      const counts = await Promise.all(processes.map((child) => child.ask('count', side)))
      const total = counts.reduce((sum, count) => sum + count)
      return { perSecond: (total * 1_000) / ROUND_MS, share: (Math.min(...counts) * PROCESSES) / total }
    },
    close: () => Promise.all(processes.map((child) => child.close())),
  }
}

/**
 * @param {(setup: any) => Promise<Record<string, { callers?: number, add(counter: number, caller: number): unknown }>>} open
 *   Makes the ways of adding; `counter` is a number from 0 on.
 */
export function countWhenAsked(open) {
  let sides
  answer({
    async start(setup) {
      sides = await open(setup)
    },
    count: (side) => countFor(sides[side]),
  })
}

/** Adds until the time is over, in all callers at once, and tells how often. */
async function countFor({ callers = CALLERS, add }) {
  const untilMs = performance.now() + ROUND_MS
  let done = 0
  const call = async (_, caller) => {
    for (let i = caller; performance.now() < untilMs; i += 17) {
      await add(i, caller)
      done++
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
  return done
}
