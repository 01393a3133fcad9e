import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const folder = join(import.meta.dirname, 'bites')
const root = join(import.meta.dirname, '../../..')

/** A fault that cannot be put in any more proves nothing; `scripts/check-bites.mjs` shows that the replays notice each. */
it.each(readdirSync(folder))('the fault of %s still fits the code', (name) => {
  const check = (): Buffer =>
    execFileSync('git', ['apply', '--check', join(folder, name)], { cwd: root, stdio: 'pipe' })
  expect(check).not.toThrow()
})
