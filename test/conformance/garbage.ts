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

/** How much more is on the heap after `work` than before. A first run pays for what is made once: code, maps, shapes. */
export async function retainedBytes(work: () => Promise<void>): Promise<number> {
  await work()
  await collectGarbage()
  const before = process.memoryUsage().heapUsed
  await work()
  await collectGarbage()
  return process.memoryUsage().heapUsed - before
}
