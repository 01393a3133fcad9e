// Prints the resident memory of this process in MB, above a bare Node where callers are asked for:
//   memory-child.mjs cycles 50     after so many loads and unloads
//   memory-child.mjs callers 4     with the model loaded and so many callers at once
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const [kind, count] = process.argv.slice(2)
globalThis.gc()
const bareBytes = process.memoryUsage().rss
const { createRuntime } = await import('../../dist/index.js')
const { makeTexts } = await import('./texts.mjs')
const source = join(import.meta.dirname, '..', '..', 'models', 'all-MiniLM-L6-v2')
const runtime = await createRuntime({ models: { m: { source } } })
const texts = makeTexts('mixed', 200)

if (kind === 'cycles') {
  for (let cycle = 0; cycle < Number(count); cycle++) {
    await runtime.embed('m', texts.slice(0, 8))
    await runtime.unload('m')
  }
  console.log(megabytes(await leastRss()))
} else {
  let next = 0
  let peakBytes = 0
  const caller = async () => {
    while (next < texts.length) {
      await runtime.embed('m', texts[next++])
      peakBytes = Math.max(peakBytes, process.memoryUsage().rss)
    }
  }
  await Promise.all(Array.from({ length: Number(count) }, caller))
  console.log(megabytes(peakBytes - bareBytes))
}
await runtime.close()

/** The least of some readings, after a collection. */
async function leastRss() {
  let least = Infinity
  for (let reading = 0; reading < 10; reading++) {
    globalThis.gc()
    await sleep(50)
    least = Math.min(least, process.memoryUsage().rss)
  }
  return least
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1)
}
