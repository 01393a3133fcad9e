import { expect, it } from 'vitest'
import { AccessTimeoutError } from '../../src/index.ts'
import { finish, isPending, stage, watch } from './harness.ts'

it('A4 access timeout covers the wait for a place', async () => {
  const s = await stage({ m: { maxConcurrent: 1 } })
  const held = await s.runtime.lease('m')
  const waiting = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(29_999)
  expect(isPending(waiting)).toBe(true)
  await s.clock.advanceAsync(1)
  expect(waiting.outcome).toBeInstanceOf(AccessTimeoutError)
  held.release()
  await finish(s)
})

it('A4 access timeout covers the load, which goes on without its waiters', async () => {
  const s = await stage({ m: {} })
  s.engine.script('m', { loadMs: 40_000 })
  const waiting = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(29_999)
  expect(isPending(waiting)).toBe(true)
  await s.clock.advanceAsync(1)
  expect(waiting.outcome).toBeInstanceOf(AccessTimeoutError)
  expect(waiting.outcome).toMatchObject({ waitedMs: 30_000 })
  expect((waiting.outcome as Error).message).toContain('the load')
  expect(s.runtime.status('m')).toMatchObject({ isLoading: true, queuedRequests: 0 })
  await s.clock.advanceAsync(10_000)
  const lease = await s.runtime.lease('m')
  lease.release()
  expect(s.engine.counts).toMatchObject({ loads: 1, aborted: 0 })
  await finish(s)
})

it('A4 access timeout covers admission, queue and load together', async () => {
  const s = await stage({ a: { slot: 'one' }, b: { slot: 'one' } }, { maxSwapWaitMs: 2_000 })
  s.engine.script('b', { loadMs: 25_000 })
  const held = await s.runtime.lease('a')
  const waiting = watch(s.runtime.lease('b'))
  await s.clock.advanceAsync(10_000)
  expect(s.runtime.status('a')).toMatchObject({ state: 'draining' })
  held.release()
  await s.clock.advanceAsync(19_999)
  expect(s.runtime.status('b')).toMatchObject({ isLoading: true })
  expect(isPending(waiting)).toBe(true)
  // Neither 10 s in the queue nor 20 s of the load are too long by themselves.
  await s.clock.advanceAsync(1)
  expect(waiting.outcome).toBeInstanceOf(AccessTimeoutError)
  expect(waiting.outcome).toMatchObject({ waitedMs: 30_000 })
  await finish(s)
})

it('A4 a deadline of the caller that is shorter counts instead', async () => {
  const s = await stage({ m: {} })
  s.engine.script('m', { loadMs: 40_000 })
  const waiting = watch(s.runtime.lease('m', { deadlineMs: 500 }))
  await s.clock.advanceAsync(499)
  expect(isPending(waiting)).toBe(true)
  await s.clock.advanceAsync(1)
  expect(waiting.outcome).toMatchObject({ code: 'DEADLINE_EXCEEDED', status: 504, waitedMs: 500 })
  await finish(s)
})
