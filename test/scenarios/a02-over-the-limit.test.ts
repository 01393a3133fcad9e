import { expect, it } from 'vitest'
import { AccessTimeoutError, ConcurrencyLimitError } from '../../src/index.ts'
import { finish, isPending, releaseAll, stage, take, watch } from './harness.ts'

it('A2 over the limit, whenFull reject: the eleventh fails at once', async () => {
  const s = await stage({ m: {} })
  const held = await take(s, 10, 'm')
  const error = await s.runtime.lease('m', { whenFull: 'reject' }).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(ConcurrencyLimitError)
  expect(error).toMatchObject({ code: 'CONCURRENCY_LIMIT', status: 429, model: 'm', waitedMs: 0 })
  expect((error as ConcurrencyLimitError).retryAfterMs).toBeGreaterThan(0)
  expect((error as Error).message).toContain('maxConcurrent')
  expect(s.clock.nowMs()).toBe(0)
  held.pop()?.release()
  const next = await s.runtime.lease('m', { whenFull: 'reject' })
  releaseAll([...held, next])
  await finish(s)
})

it('A2 over the limit, whenFull wait: the eleventh is queued until its access timeout passes, and no longer', async () => {
  const s = await stage({ m: {} })
  const held = await take(s, 10, 'm')
  const waiting = watch(s.runtime.lease('m', { whenFull: 'wait' }))
  await s.clock.advanceAsync(29_999)
  expect(isPending(waiting)).toBe(true)
  expect(s.runtime.status('m')).toMatchObject({ queuedRequests: 1, concurrentAccessCount: 10 })
  await s.clock.advanceAsync(1)
  expect(waiting.outcome).toBeInstanceOf(AccessTimeoutError)
  expect(waiting.outcome).toMatchObject({ status: 503, waitedMs: 30_000, model: 'm' })
  expect(s.runtime.status('m')).toMatchObject({ queuedRequests: 0, concurrentAccessCount: 10 })
  releaseAll(held)
  await finish(s)
})

it('A2 a place that becomes free is handed to the one that waits, not to one that comes later', async () => {
  const s = await stage({ m: {} })
  const held = await take(s, 10, 'm')
  const first = watch(s.runtime.lease('m'))
  held.pop()?.release()
  const late = watch(s.runtime.lease('m'))
  await s.clock.settle()
  expect(isPending(first)).toBe(false)
  expect(isPending(late)).toBe(true)
  releaseAll(held)
  for (const waiter of [first, late]) (await waiter?.promise)?.release()
  await finish(s)
})
