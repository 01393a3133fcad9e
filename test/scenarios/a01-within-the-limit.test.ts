import { expect, it } from 'vitest'
import { askFor, finish, releaseAll, stage } from './harness.ts'

it('A1 within the limit: ten leases are granted at once, and all see the same instance', async () => {
  const s = await stage({ m: {} })
  await s.runtime.load('m')
  const asked = askFor(s, 10, 'm')
  // A grant costs its caller one turn of the microtasks: no time passes and no timer fires.
  const leases = await Promise.all(asked.map(({ promise }) => promise))
  expect(s.runtime.status('m')).toMatchObject({
    concurrentAccessCount: 10,
    maxConcurrentAccess: 10,
    queuedRequests: 0,
  })
  expect(s.clock.nowMs()).toBe(0)
  expect(new Set(leases.map(({ model }) => model))).toEqual(new Set([s.engine.model('m')]))
  expect(new Set(leases.map(({ generation }) => generation)).size).toBe(1)
  expect(s.engine.counts.loads).toBe(1)
  releaseAll(leases)
  await finish(s)
})
