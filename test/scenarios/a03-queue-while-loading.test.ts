import { expect, it } from 'vitest'
import { finish, stage } from './harness.ts'

it('A3 requests queue while the model loads: one load, the same instance for all, in order', async () => {
  const s = await stage({ m: {} })
  s.engine.script('m', { loadMs: 1_000 })
  const order: number[] = []
  const waiting = Array.from({ length: 5 }, async (_, index) => {
    const lease = await s.runtime.lease('m')
    order.push(index)
    return lease
  })
  await s.clock.advanceAsync(999)
  expect(s.runtime.status('m')).toMatchObject({ state: 'loading', queuedRequests: 5 })
  await s.clock.advanceAsync(1)
  const leases = await Promise.all(waiting)
  expect(order).toEqual([0, 1, 2, 3, 4])
  expect(new Set(leases.map(({ generation }) => generation)).size).toBe(1)
  expect(new Set(leases.map(({ model }) => model)).size).toBe(1)
  expect(s.engine.counts.loads).toBe(1)
  for (const lease of leases) lease.release()
  expect(s.runtime.status('m')).toMatchObject({ concurrentAccessCount: 0, queuedRequests: 0 })
  await finish(s)
})
