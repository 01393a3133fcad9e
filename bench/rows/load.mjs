import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRuntime } from '../../dist/index.js'
import { closedLoop, openLoop } from '../lib/loops.mjs'
import { quantile } from '../lib/measure.mjs'
import { makeTexts } from '../lib/texts.mjs'

const source = join(import.meta.dirname, '..', '..', 'models', 'all-MiniLM-L6-v2')

/** Requests at random moments, as a server sees them: 99 % of them wait less than this. */
async function p99(runtime, perSecond, seconds, seed) {
  const texts = makeTexts('mixed', Math.max(20, Math.round(perSecond * seconds)), seed)
  return quantile(await openLoop(texts, perSecond, seed, (text) => runtime.embed('hot', text)), 0.99)
}

async function capacity(runtime) {
  const texts = makeTexts('mixed', 500)
  const { seconds } = await closedLoop(texts, 16, (text) => runtime.embed('hot', text))
  return texts.length / seconds
}

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    name: 'load.hot_p99',
    rounds: 5,
    unit: 'ms',
    better: 'less',
    against: 'the same at 40 % load, nothing else loading',
    target: 0.83,
    async prepare({ seconds }) {
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
          const latency = await p99(runtime, perSecond, 4 * seconds, ++seed)
          isOver = true
          await loading
          return latency
        },
        theirs: () => p99(runtime, perSecond, 4 * seconds, ++seed),
        close: () => runtime.close(),
      }
    },
  },
]
