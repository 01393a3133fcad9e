import { expect, it } from 'vitest'
import { finish, stage } from './harness.ts'

it('B1 last-used is updated in the same step that grants or ends a use', async () => {
  const s = await stage({ m: { maxConcurrent: 2 } })
  s.engine.script('m', { runMs: 300 })
  const used = () => s.runtime.status('m').lastAccessTime
  const first = await s.runtime.lease('m')
  expect(used()).toBe(s.clock.wallMs())
  await s.clock.advanceAsync(1_000)
  const granted = s.runtime.lease('m')
  expect(used()).toBe(s.clock.wallMs())
  await s.clock.advanceAsync(1_000)
  first.release()
  expect(used()).toBe(s.clock.wallMs())
  await s.clock.advanceAsync(1_000)
  const embedding = s.runtime.embed('m', 'a text')
  expect(used()).toBe(s.clock.wallMs())
  await s.clock.advanceAsync(300)
  await embedding
  expect(used()).toBe(s.clock.wallMs())
  ;(await granted).release()
  await finish(s)
})

it('B1 the idle clock starts at the end of the last use', async () => {
  const s = await stage({ m: { keepAlive: 60 } })
  s.engine.script('m', { runMs: 100_000 })
  const embedding = s.runtime.embed('m', 'a text')
  await s.clock.advanceAsync(100_000)
  await embedding
  const lease = await s.runtime.lease('m')
  // A lease that is held is a use, even if nothing runs.
  await s.clock.advanceAsync(500_000)
  lease.release()
  await s.clock.advanceAsync(59_999)
  expect(s.runtime.status('m').state).toBe('ready')
  await s.clock.advanceAsync(1)
  expect(s.runtime.status('m')).toMatchObject({ state: 'unloaded', lastUnloadReason: 'idle', memoryBytes: 0 })
  await finish(s)
})

it('B1 keep-alive: the use that ends last decides, and the next one without a wish restores the default', async () => {
  const s = await stage({ m: { keepAlive: 60 } })
  const long = await s.runtime.lease('m', { keepAliveMs: 1_000_000 })
  const short = await s.runtime.lease('m', { keepAliveMs: 5_000 })
  long.release()
  short.release()
  await s.clock.advanceAsync(4_999)
  expect(s.runtime.status('m').state).toBe('ready')
  const plain = await s.runtime.lease('m')
  plain.release()
  await s.clock.advanceAsync(59_999)
  expect(s.runtime.status('m').state).toBe('ready')
  const last = await s.runtime.lease('m', { keepAliveMs: 0 })
  last.release()
  await s.clock.settle()
  expect(s.runtime.status('m').state).toBe('unloaded')
  await finish(s)
})
