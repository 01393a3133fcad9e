import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const child = join(import.meta.dirname, '..', 'lib', 'memory-child.mjs')

/** Resident memory of a process of its own, after it did what the arguments say. */
const megabytesAfter =
  (...parameters) =>
  async () =>
    Number(execFileSync(process.execPath, ['--expose-gc', child, ...parameters], { encoding: 'utf8' }))

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    name: 'memory.load_unload_50',
    rounds: 3,
    warmups: 0,
    unit: 'MB',
    better: 'less',
    against: 'after 2 loads and unloads',
    target: 0.91,
    prepare: () => ({ ours: megabytesAfter('cycles', '50'), theirs: megabytesAfter('cycles', '2') }),
  },
  {
    name: 'memory.runs_4',
    rounds: 5,
    warmups: 0,
    unit: 'MB',
    better: 'less',
    against: 'one run at a time, above bare Node',
    target: 0.83,
    prepare: () => ({ ours: megabytesAfter('callers', '4'), theirs: megabytesAfter('callers', '1') }),
  },
]
