import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { INT8 } from '../lib/models.mjs'

/** From the start of a process to its first vector. */
const processMs = (file) => () => {
  const startMs = performance.now()
  const first = Number(
    execFileSync(process.execPath, [join(import.meta.dirname, '..', 'lib', file), INT8.source]),
  )
  const tookMs = performance.now() - startMs
  if (!(Math.abs(first) < 1)) throw new Error(`${file} made a vector that begins with ${first}.`)
  return tookMs
}

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    name: 'cold_start',
    rounds: 11,
    unit: 'ms',
    better: 'less',
    against: 'a bare script over onnxruntime-node, same file',
    // At most 1.3 times as long.
    target: 1 / 1.3,
    prepare: () => ({ ours: processMs('first-vector.mjs'), theirs: processMs('bare-first-vector.mjs') }),
  },
]
