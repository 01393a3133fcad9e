import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRuntime } from '../../dist/index.js'
import { makeTexts, seeded } from '../lib/texts.mjs'

const source = join(import.meta.dirname, '..', '..', 'models', 'all-MiniLM-L6-v2')
const SECONDS = 6

/** Requests at random moments, whether or not earlier ones have been answered: what a server sees. */
async function openLoop(runtime, perSecond, seconds, seed) {
  const texts = makeTexts('mixed', 500)
  const random = seeded(seed)
  const latencies = []
  const answers = []
  const startMs = performance.now()
  for (
    let dueMs = startMs;
    dueMs < startMs + seconds * 1_000;
    dueMs += (-Math.log(1 - random()) * 1_000) / perSecond
  ) {
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    answers.push(
      runtime
        .embed('hot', texts[Math.floor(random() * texts.length)])
        .then(() => latencies.push(performance.now() - dueMs)),
    )
  }
  await Promise.all(answers)
  latencies.sort((a, b) => a - b)
  return latencies[Math.floor(latencies.length * 0.99)]
}

async function capacity(runtime) {
  const texts = makeTexts('mixed', 500)
  const startMs = performance.now()
  let next = 0
  const caller = async () => {
    while (next < texts.length) await runtime.embed('hot', texts[next++])
  }
  await Promise.all(Array.from({ length: 16 }, caller))
  return (texts.length * 1_000) / (performance.now() - startMs)
}

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    name: 'load.hot_p99',
    unit: 'ms',
    better: 'less',
    against: 'the same at 40 % load, nothing else loading',
    target: 0.83,
    async prepare() {
      const runtime = await createRuntime({ models: { hot: { source }, other: { source } } })
      await capacity(runtime)
      const perSecond = 0.4 * (await capacity(runtime))
      let seed = 0
      return {
        async ours() {
          let isOver = false
          const loading = (async () => {
            while (!isOver) {
              await runtime.load('other')
              await runtime.unload('other')
              await sleep(500)
            }
          })()
          const p99 = await openLoop(runtime, perSecond, SECONDS, ++seed)
          isOver = true
          await loading
          return p99
        },
        theirs: () => openLoop(runtime, perSecond, SECONDS, ++seed),
        close: () => runtime.close(),
      }
    },
  },
]
