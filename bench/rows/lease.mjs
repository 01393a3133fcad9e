import { Semaphore as TheirSemaphore } from 'async-mutex'
import { DEFAULT_LIMITS } from '../../dist/config/limits.js'
import { systemClock } from '../../dist/kernel/clock.js'
import { createRuntime } from '../../dist/index.js'
import { Registry } from '../../dist/registry/registry.js'
import { Scheduler } from '../../dist/scheduler/scheduler.js'
import { createFakeEngine } from '../../dist/testing/index.js'
import { perOperation } from '../lib/measure.mjs'

const OPERATIONS = 50_000
const MANY = 100_000

/** A runtime whose model is loaded and computes nothing. */
async function readyRuntime() {
  const registry = new Registry('model engine')
  registry.register('onnx', createFakeEngine({ clock: systemClock }).factory)
  const runtime = await createRuntime({ models: { m: { source: '.', dtype: 'int8' } } }, { registry })
  await runtime.load('m')
  return runtime
}

/** The scheduler with one resident, all of whose places are taken. */
function fullScheduler() {
  const variants = [{ id: 'm', label: 'm', estimateBytes: 1 }]
  const scheduler = new Scheduler({ memoryBudgetBytes: Infinity, maxParallelLoads: 2 })
  scheduler.addModel(
    { name: 'm', keepAliveMs: -1, spec: { candidates: () => variants } },
    { name: 'm', limits: { ...DEFAULT_LIMITS, maxConcurrent: 1, maxQueue: Infinity } },
  )
  scheduler.handle(0, { type: 'acquire', ticket: 0, kind: 'lease', model: 'm' })
  scheduler.handle(0, { type: 'load-ended', generation: 1, memoryBytes: 1 })
  return scheduler
}

/** Admits `count` tickets, and lets them leave from the middle or run out of time. */
const crowd = (count, end) => async () => {
  const scheduler = fullScheduler()
  const start = process.cpuUsage()
  for (let ticket = 1; ticket <= count; ticket++) {
    scheduler.handle(ticket / count, { type: 'acquire', ticket, kind: 'lease', model: 'm' })
  }
  end(scheduler, count)
  const { user, system } = process.cpuUsage(start)
  return ((user + system) * 1e3) / count
}
const withdraw = (scheduler, count) => {
  for (let ticket = 1; ticket <= count; ticket += 2) scheduler.handle(1, { type: 'abort', ticket })
  for (let ticket = 2; ticket <= count; ticket += 2) scheduler.handle(1, { type: 'abort', ticket })
}
const timeOut = (scheduler) => scheduler.handle(DEFAULT_LIMITS.accessTimeoutMs + 1, { type: 'tick' })

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    name: 'lease.acquire_release',
    unit: 'ns/op',
    better: 'less',
    against: 'async-mutex 0.5.0 Semaphore(10)',
    // Theirs counts to ten; ours pins a generation. At most 2 µs is the aim, which on this scale is about a twentieth.
    target: 0.05,
    async prepare() {
      const runtime = await readyRuntime()
      const theirs = new TheirSemaphore(10)
      return {
        ours: perOperation(OPERATIONS, async () => {
          for (let n = 0; n < OPERATIONS; n++) (await runtime.lease('m')).release()
        }),
        theirs: perOperation(OPERATIONS, async () => {
          for (let n = 0; n < OPERATIONS; n++) {
            const [, release] = await theirs.acquire()
            release()
          }
        }),
        close: () => runtime.close(),
      }
    },
  },
  ...[
    ['lease.withdraw_100k', withdraw],
    ['lease.timeout_100k', timeOut],
  ].map(([name, end]) => ({
    name,
    unit: 'ns/ticket',
    better: 'less',
    against: 'the same with 1,000 tickets',
    // O(log n): a hundred times as many tickets, and each costs at most 2.5 times as much.
    target: 0.4,
    prepare: () => ({ ours: crowd(MANY, end), theirs: repeated(crowd(1_000, end), 50) }),
  })),
]

/** A short measurement, often enough to be one. */
function repeated(measure, times) {
  return async () => {
    let sum = 0
    for (let n = 0; n < times; n++) sum += await measure()
    return sum / times
  }
}
