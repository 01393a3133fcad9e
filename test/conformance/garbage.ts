import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Collects what can be, once the turn has ended: a WeakRef keeps its target until then. */
export async function collectGarbage(): Promise<void> {
  for (let n = 0; n < 2; n++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
}

/**
 * How much more is on the heap after `work` than before: the least of three rounds, since what leaks does so in each, and what the
 * compiler does meanwhile in one. A round before them pays for what is made once: code, maps, shapes.
 */
export async function retainedBytes(work: () => Promise<void>): Promise<number> {
  await work()
  let least = Infinity
  for (let round = 0; round < 3; round++) {
    await collectGarbage()
    const before = process.memoryUsage().heapUsed
    await work()
    await collectGarbage()
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  return least
}
