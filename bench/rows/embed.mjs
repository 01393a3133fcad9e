import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRuntime } from '../../dist/index.js'
import { makeTexts } from '../lib/texts.mjs'

const root = join(import.meta.dirname, '..', '..')
const source = join(root, 'models', 'all-MiniLM-L6-v2')
const MEASURE_MS = 3_000

/** Callers that each ask again as soon as they have been answered; answers with texts per second. */
async function closedLoop(runtime, callers) {
  const texts = makeTexts('mixed', 500)
  const startMs = performance.now()
  let answered = 0
  const caller = async (_, index) => {
    for (let next = index; performance.now() < startMs + MEASURE_MS; next += callers) {
      await runtime.embed('m', texts[next % texts.length])
      answered++
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (answered * 1_000) / (performance.now() - startMs)
}

/** The longest time for which the event loop did not come round while `work` went on, in milliseconds. */
async function longestGap(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await work()
  histogram.disable()
  return histogram.max / 1e6
}

async function warmRuntime() {
  const runtime = await createRuntime({ models: { m: { source } } })
  await closedLoop(runtime, 16)
  return runtime
}

const FIRST_VECTOR = `
  import { createRuntime } from ${JSON.stringify(join(root, 'dist', 'index.js'))}
  const runtime = await createRuntime({ models: { m: { source: ${JSON.stringify(source)} } } })
  await runtime.embed('m', 'first')
  process.exit(0)
`

const processMs = (code) => async () => {
  const startMs = performance.now()
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`the process failed with ${status}`)
  return performance.now() - startMs
}

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    name: 'embed.mixed.c64',
    unit: 'texts/s',
    better: 'more',
    against: 'one caller',
    async prepare() {
      const runtime = await warmRuntime()
      return {
        ours: () => closedLoop(runtime, 64),
        theirs: () => closedLoop(runtime, 1),
        close: () => runtime.close(),
      }
    },
  },
  {
    name: 'embed.event_loop_gap',
    unit: 'ms',
    better: 'less',
    against: 'an idle event loop',
    async prepare() {
      const runtime = await warmRuntime()
      return {
        ours: () => longestGap(() => closedLoop(runtime, 64)),
        theirs: () => longestGap(() => sleep(MEASURE_MS)),
        close: () => runtime.close(),
      }
    },
  },
  {
    name: 'embed.first_vector',
    unit: 'ms',
    better: 'less',
    against: 'a process that does nothing',
    prepare: () => ({ ours: processMs(FIRST_VECTOR), theirs: processMs('process.exit(0)') }),
  },
]
