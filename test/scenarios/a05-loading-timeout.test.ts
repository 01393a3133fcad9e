import { expect, it } from 'vitest'
import { LoadingTimeoutError } from '../../src/index.ts'
import { askFor, finish, isPending, releaseAll, stage, take, watch } from './harness.ts'

it('A5 loading timeout: the load is aborted, every waiter fails, the slot is usable again', async () => {
  const s = await stage({ m: {} }, { accessTimeoutMs: 600_000 })
  s.engine.script('m', { loadMs: Infinity }, { loadMs: 100 })
  const waiting = askFor(s, 20, 'm')
  await s.clock.advanceAsync(299_999)
  expect(waiting.every(isPending)).toBe(true)
  expect(s.runtime.status('m')).toMatchObject({ isLoading: true, loadingTimeoutMs: 300_000 })
  await s.clock.advanceAsync(1)
  for (const { outcome } of waiting) expect(outcome).toBeInstanceOf(LoadingTimeoutError)
  expect(new Set(waiting.map(({ outcome }) => outcome)).size).toBe(20)
  expect(waiting[0]?.outcome).toMatchObject({ status: 503, waitedMs: 300_000, model: 'm' })
  expect(s.engine.counts).toMatchObject({ loads: 1, aborted: 1, loading: 0 })
  expect(s.runtime.status('m')).toMatchObject({ isLoading: false, queuedRequests: 0, memoryBytes: 0 })

  // The next try waits until the back-off has passed, which the error has told.
  expect(waiting[0]?.outcome).toMatchObject({ retryAfterMs: 10_000 })
  await s.clock.advanceAsync(10_000)
  const again = askFor(s, 3, 'm')
  await s.clock.advanceAsync(100)
  const leases = await Promise.all(again.map(({ promise }) => promise))
  expect(s.engine.counts.loads).toBe(2)
  releaseAll(leases)
  await finish(s)
})

it('A5 an explicit load after a loading timeout does not wait for the back-off', async () => {
  const s = await stage({ m: { loadingTimeoutMs: 1_000 } })
  s.engine.script('m', { loadMs: Infinity }, {})
  const waiting = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(1_000)
  expect(waiting.outcome).toBeInstanceOf(LoadingTimeoutError)
  await s.runtime.load('m')
  releaseAll(await take(s, 1, 'm'))
  expect(s.engine.counts.loads).toBe(2)
  await finish(s)
})

it('A5 a load that is deaf to its abort blocks the slot only for a while, and what it brings is given back', async () => {
  const s = await stage({ m: { loadingTimeoutMs: 1_000 } })
  s.engine.script('m', { loadMs: 20_000, abortMs: Infinity }, {})
  const waiting = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(1_000)
  expect(waiting.outcome).toBeInstanceOf(LoadingTimeoutError)
  await s.clock.advanceAsync(30_000)
  expect(s.engine.counts).toMatchObject({ loaded: 1, resident: 0, closed: 1 })
  releaseAll(await take(s, 1, 'm'))
  await finish(s)
})
