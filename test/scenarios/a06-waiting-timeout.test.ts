import { expect, it } from 'vitest'
import { WaitTimeoutError } from '../../src/index.ts'
import { finish, isPending, releaseAll, stage, watch } from './harness.ts'

it("A6 waiting timeout: who waits for somebody else's load leaves; the load and the others go on", async () => {
  const s = await stage({ m: { waitTimeoutMs: 5_000 } })
  s.engine.script('m', { loadMs: 20_000 })
  const owner = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(1_000)
  const joiner = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(4_999)
  expect(isPending(joiner)).toBe(true)
  await s.clock.advanceAsync(1)
  expect(joiner.outcome).toBeInstanceOf(WaitTimeoutError)
  expect(joiner.outcome).toMatchObject({ status: 503, waitedMs: 5_000, model: 'm' })
  expect(s.runtime.status('m')).toMatchObject({ isLoading: true, queuedRequests: 1 })

  await s.clock.advanceAsync(10_000)
  const lateJoiner = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(4_000)
  releaseAll([await owner.promise, await lateJoiner.promise])
  expect(s.engine.counts).toMatchObject({ loads: 1, aborted: 0 })
  await finish(s)
})

it('A6 a wait for a place, once the load is over, is not measured by the waiting timeout', async () => {
  const s = await stage({ m: { waitTimeoutMs: 5_000, maxConcurrent: 1 } })
  s.engine.script('m', { loadMs: 1_000 })
  const first = watch(s.runtime.lease('m'))
  const second = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(15_000)
  expect(isPending(second)).toBe(true)
  ;(await first.promise).release()
  ;(await second.promise).release()
  await finish(s)
})
