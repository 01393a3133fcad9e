import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from './texts.mjs'

/**
 * Callers that each ask again as soon as they have been answered, until all texts are done.
 *
 * @param {readonly string[]} texts
 * @param {(text: string, caller: number) => Promise<unknown>} call
 * @returns {Promise<{ seconds: number, cpuMs: number, latenciesMs: number[] }>}
 */
export async function closedLoop(texts, callers, call) {
  const latenciesMs = []
  let next = 0
  const work = async (_, caller) => {
    while (next < texts.length) {
      const askedMs = performance.now()
      await call(texts[next++], caller)
      latenciesMs.push(performance.now() - askedMs)
    }
  }
  const took = await timed(() => Promise.all(Array.from({ length: callers }, work)))
  return { ...took, latenciesMs }
}

/** How long it took, and the CPU time of this process with all its threads. */
export async function timed(work) {
  const startMs = performance.now()
  const cpuBefore = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(cpuBefore)
  return { seconds: (performance.now() - startMs) / 1_000, cpuMs: (user + system) / 1_000 }
}

/**
 * Calls at random moments, whether or not earlier ones have been answered: what a server sees. A latency counts from the
 * moment at which a call was due, so that a time in which nothing gets through is felt by all who come in it.
 *
 * @returns {Promise<number[]>} Latencies in milliseconds.
 */
export async function openLoop(texts, perSecond, seed, call) {
  const random = seeded(seed)
  const answers = []
  let dueMs = performance.now()
  for (const text of texts) {
    dueMs += (-Math.log(1 - random()) * 1_000) / perSecond
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    const ownDueMs = dueMs
    answers.push(call(text).then(() => performance.now() - ownDueMs))
  }
  return await Promise.all(answers)
}
