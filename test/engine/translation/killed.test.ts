import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { tinyModel } from './harness.ts'

it('a translator that is killed in the middle of its work leaves nothing behind', async () => {
  const file = join(import.meta.dirname, 'killed-translators.mjs')
  const parameters = ['--expose-gc', file, tinyModel('en-hi'), '10']
  const { stdout } = await promisify(execFile)(process.execPath, parameters)
  const [early, late] = JSON.parse(stdout) as [number, number]
  // What runs have allocated holds all memory of their session: 25 MB and more each time.
  expect(late - early).toBeLessThan(60)
})
