import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

/** Runs a module that uses the built library, in a process of its own; answers with what it printed. */
function run(source: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
    timeout: 120_000,
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.trim()
}

const runtimeWith = (factory: string): string => `
  import { createRuntime } from './dist/index.js'
  import { systemClock } from './dist/kernel/clock.js'
  import { Registry } from './dist/registry/registry.js'
  import { createFakeEngine } from './dist/testing/index.js'
  const registry = new Registry('model engine')
  registry.register('onnx', ${factory})
  const config = { models: { m: { source: '.', dtype: 'int8' } }, accessTimeoutMs: 300 }
  const runtime = await createRuntime(config, { registry, logger: { warn: () => {} } })
`

it('a process stays until its last caller is answered, though nothing else keeps it', () => {
  const hanging = runtimeWith('() => new Promise(() => {})')
  expect(run(`${hanging} runtime.lease('m').catch(({ code }) => console.log(code))`)).toBe('ACCESS_TIMEOUT')
})

it('a process in which nobody waits ends, though a model is idle and the runtime was not closed', () => {
  const fake = runtimeWith('createFakeEngine({ clock: systemClock }).factory')
  expect(run(`${fake} await runtime.embed('m', 'x'); console.log(runtime.status('m').state)`)).toBe('ready')
})
