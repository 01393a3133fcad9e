import { expect, it } from 'vitest'
import { LoadCancelledError } from '../../src/index.ts'
import { askFor, finish, releaseAll, stage, take, watch } from './harness.ts'

it('A8 cancel a load: waiters fail, the load is aborted, the next request starts afresh', async () => {
  const s = await stage({ m: {} })
  s.engine.script('m', { loadMs: 10_000 }, { loadMs: 100 })
  expect(s.runtime.cancelLoading('m')).toBe(false)
  const waiting = [...askFor(s, 5, 'm'), watch(s.runtime.load('m'))]
  await s.clock.advanceAsync(500)
  expect(s.runtime.cancelLoading('m')).toBe(true)
  expect(s.runtime.cancelLoading('m')).toBe(false)
  await s.clock.settle()
  for (const { outcome } of waiting) expect(outcome).toBeInstanceOf(LoadCancelledError)
  expect(waiting[0]?.outcome).toMatchObject({ status: 503, waitedMs: 500, model: 'm' })
  expect(s.engine.counts).toMatchObject({ loads: 1, aborted: 1, loading: 0, resident: 0 })
  expect(s.runtime.status('m')).toMatchObject({ isLoading: false, queuedRequests: 0, memoryBytes: 0 })

  // Not a failure: there is no back-off to wait for.
  const next = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(100)
  ;(await next.promise).release()
  expect(s.engine.counts.loads).toBe(2)
  expect(s.runtime.cancelLoading('m')).toBe(false)
  await finish(s)
})

it('A8 a cancelled load that ends all the same is given back and serves nobody', async () => {
  const s = await stage({ m: {} })
  s.engine.script('m', { loadMs: 1_000, abortMs: Infinity, memoryBytes: 1 }, { loadMs: 100, memoryBytes: 2 })
  const cancelled = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(500)
  expect(s.runtime.cancelLoading('m')).toBe(true)
  const next = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(600)
  expect(cancelled.outcome).toBeInstanceOf(LoadCancelledError)
  const lease = await next.promise
  expect(lease?.model.memoryBytes).toBe(2)
  expect(s.engine.models[0]?.state).toBe('closed')
  lease?.release()
  await finish(s)
})

it('A8 cancelling the load of one model leaves another alone', async () => {
  const s = await stage({ m: {}, n: {} })
  s.engine.script('m', { loadMs: 1_000 })
  s.engine.script('n', { loadMs: 1_000 })
  const onM = watch(s.runtime.lease('m'))
  const onN = watch(s.runtime.lease('n'))
  await s.clock.advanceAsync(500)
  s.runtime.cancelLoading('m')
  await s.clock.advanceAsync(500)
  expect(onM.outcome).toBeInstanceOf(LoadCancelledError)
  ;(await onN.promise).release()
  releaseAll(await take(s, 1, 'n'))
  await finish(s)
})
