import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('without a logger, warnings go to standard error as lines of JSON, and the rest nowhere', () => {
  const file = new URL('../dist/logger.js', import.meta.url).href
  const script = `import { defaultLogger } from '${file}'
    const logger = defaultLogger()
    logger.warn({ model: 'm' }, 'first')
    logger.warn({ err: new Error('why') }, 'second')`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  })
  const lines = stderr.trim().split('\n')
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { level: 40, name: 'leasehold', model: 'm', msg: 'first' },
    { level: 40, name: 'leasehold', err: { message: 'why' }, msg: 'second' },
  ])
  expect(stdout).toBe('')
})
