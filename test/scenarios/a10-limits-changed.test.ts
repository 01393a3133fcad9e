import { expect, it } from 'vitest'
import { AccessTimeoutError, ConfigError } from '../../src/index.ts'
import { askFor, finish, isPending, releaseAll, stage, take, watch } from './harness.ts'

it('A10 a raised limit admits those who wait, in the same turn and in order', async () => {
  const s = await stage({ m: { maxConcurrent: 2 } })
  const held = await take(s, 2, 'm')
  const waiting = askFor(s, 5, 'm')
  await s.clock.settle()
  s.runtime.configure('m', { maxConcurrent: 5 })
  expect(s.runtime.status('m')).toMatchObject({ concurrentAccessCount: 5, queuedRequests: 2 })
  await s.clock.settle()
  expect(waiting.map(isPending)).toEqual([false, false, false, true, true])
  releaseAll(held)
  for (const { promise } of waiting) (await promise).release()
  await finish(s)
})

it('A10 a lowered limit revokes no lease that was granted, and holds for the next', async () => {
  const s = await stage({ m: { maxConcurrent: 4 } })
  const held = await take(s, 4, 'm')
  s.runtime.configure('m', { maxConcurrent: 1 })
  expect(s.runtime.status('m')).toMatchObject({ concurrentAccessCount: 4, maxConcurrentAccess: 1 })
  for (const lease of held) expect(lease.model).toBe(s.engine.model('m'))
  const next = watch(s.runtime.lease('m'))
  releaseAll(held.slice(0, 3))
  await s.clock.settle()
  expect(isPending(next)).toBe(true)
  held[3]?.release()
  ;(await next.promise).release()
  await finish(s)
})

it('A10 changed timeouts hold for the next request; tickets that wait keep their deadlines', async () => {
  const s = await stage({ m: { maxConcurrent: 1, accessTimeoutMs: 10_000 } })
  const held = await take(s, 1, 'm')
  const before = watch(s.runtime.lease('m'))
  s.runtime.configure('m', { accessTimeoutMs: 2_000, loadingTimeoutMs: 5_000 })
  expect(s.runtime.status('m')).toMatchObject({ accessTimeoutMs: 2_000, loadingTimeoutMs: 5_000 })
  const after = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(2_000)
  expect(after.outcome).toBeInstanceOf(AccessTimeoutError)
  expect(after.outcome).toMatchObject({ waitedMs: 2_000 })
  await s.clock.advanceAsync(7_999)
  expect(isPending(before)).toBe(true)
  await s.clock.advanceAsync(1)
  expect(before.outcome).toMatchObject({ code: 'ACCESS_TIMEOUT', waitedMs: 10_000 })
  releaseAll(held)
  await finish(s)
})

it.each([
  { maxConcurrent: 0 },
  { maxConcurrent: -1 },
  { maxConcurrent: 1.5 },
  { maxConcurrent: '3' },
  { accessTimeoutMs: NaN },
  { accessTimeoutMs: Infinity },
  { accessTimeoutMs: -5 },
  { loadingTimeoutMs: null },
  { maxQueue: -1 },
  { maxConcurent: 3 },
])('A10 an invalid value is refused and changes nothing: %o', async (limits) => {
  const s = await stage({ m: { maxConcurrent: 2 } })
  const before = s.runtime.status('m')
  const [field = ''] = Object.keys(limits)
  const change = (): void => s.runtime.configure('m', { accessTimeoutMs: 77, maxConcurrent: 9, ...limits })
  expect(change).toThrow(ConfigError)
  expect(change).toThrow(field)
  expect(s.runtime.status('m')).toEqual(before)
  await finish(s)
})

it('A10 a lowered queue limit drops nobody who waits', async () => {
  const s = await stage({ m: { maxConcurrent: 1 } })
  const held = await take(s, 1, 'm')
  const waiting = askFor(s, 3, 'm')
  s.runtime.configure('m', { maxQueue: 1 })
  const refused = watch(s.runtime.lease('m'))
  await s.clock.settle()
  expect(waiting.every(isPending)).toBe(true)
  expect(refused.outcome).toMatchObject({ code: 'QUEUE_FULL', status: 429 })
  releaseAll(held)
  for (const { promise } of waiting) (await promise).release()
  await finish(s)
})
