// Runs the simulator of test/race/ over many seeds on all cores, or one seed again.
//
//   npm run simulate -- [--seeds 100000] [--from 1] [--steps 200]
//   npm run simulate -- --seed 4711 [--steps 200]     shows the shortest failing trace of one seed
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const root = join(import.meta.dirname, '..')
const compiled = join(root, 'node_modules', '.cache', 'simulate', 'test', 'race', 'simulate.js')
const CHUNK = 1_000

if (isMainThread) await main()
else await simulateChunks(workerData)

async function main() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100000' },
      from: { type: 'string', default: '1' },
      steps: { type: 'string', default: '200' },
      seed: { type: 'string' },
    },
  })
  compile()
  const steps = Number(values.steps)
  if (values.seed !== undefined) return one(Number(values.seed), steps)
  const from = Number(values.from)
  const until = from + Number(values.seeds)
  const startedMs = performance.now()
  const shared = { next: new Int32Array(new SharedArrayBuffer(4)), from, until, steps }
  const failed = await Promise.all(cpus().map(() => inThread(shared)))
  const failures = failed.flat()
  for (const text of failures.slice(0, 3)) console.log(`${text}\n`)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(
    `${until - from} seeds x ${steps} steps in ${seconds} s: ${failures.length} with a broken invariant`,
  )
  process.exitCode = failures.length > 0 ? 1 : 0
}

function compile() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const project = join(root, 'scripts', 'tsconfig.simulate.json')
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

async function one(seed, steps) {
  const { failureOf, report, traceOf } = await import(compiled)
  const isBroken = failureOf(traceOf(seed, steps)) !== undefined
  console.log(isBroken ? report(seed, steps) : `seed ${seed}: no invariant is broken in ${steps} steps`)
  process.exitCode = isBroken ? 1 : 0
}

/** Answers with the reports of the seeds that failed. */
function inThread(data) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: data })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

/** Takes a chunk of seeds after the other, until none is left or three have failed. */
async function simulateChunks({ next, from, until, steps }) {
  const { failureOf, report, traceOf } = await import(compiled)
  const failures = []
  for (let start = from; start < until && failures.length < 3;) {
    start = from + Atomics.add(next, 0, CHUNK)
    for (let seed = start; seed < Math.min(start + CHUNK, until) && failures.length < 3; seed++) {
      if (failureOf(traceOf(seed, steps))) failures.push(report(seed, steps))
    }
  }
  parentPort.postMessage(failures)
}
