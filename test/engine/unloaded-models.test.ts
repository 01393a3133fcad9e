import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { tinyModel } from './translation/harness.ts'

/** `/proc/self/maps` says what a process has. */
it.skipIf(process.platform !== 'linux')(
  'an unloaded model leaves no stacks of native calls behind',
  async () => {
    const file = join(import.meta.dirname, 'unloaded-models.mjs')
    const { stdout } = await promisify(execFile)(process.execPath, [file, tinyModel('en-hi'), '10'])
    const [early, late] = JSON.parse(stdout) as [number, number]
    // One of each thread stays, that of the calls which it made itself; those on the pool had two and more.
    expect(late - early).toBeLessThan(2 * 8)
  },
)
