import { expect, it } from 'vitest'
import { LoadCancelledError } from '../../src/index.ts'
import { askFor, finish, isPending, releaseAll, stage, take, watch } from '../scenarios/harness.ts'

it('cancelling a swap that loads leaves those alone who wait for a place on the version that serves', async () => {
  const s = await stage({ m: { revision: 'v0', maxConcurrent: 2 } })
  s.engine.script('m', {}, { loadMs: 1_000 })
  const held = await take(s, 2, 'm')
  const waiting = askFor(s, 2, 'm')
  const swapping = watch(s.runtime.swap('m', { revision: 'v1' }))
  await s.clock.advanceAsync(500)
  expect(s.runtime.cancelLoading('m')).toBe(true)
  await s.clock.settle()
  expect(swapping.outcome).toBeInstanceOf(LoadCancelledError)
  expect(waiting.every(isPending)).toBe(true)
  releaseAll(held)
  for (const { promise } of waiting) {
    const lease = await promise
    expect(lease.servedBy).toBe('m#v0:int8@cpu')
    lease.release()
  }
  await finish(s)
})

it('cancelling a load that has not begun works as well, and the room goes to the next', async () => {
  const s = await stage({ a: {}, b: {}, c: {} }, { maxParallelLoads: 1 })
  s.engine.script('a', { loadMs: 1_000 })
  const onA = watch(s.runtime.lease('a'))
  const onB = watch(s.runtime.lease('b'))
  const onC = watch(s.runtime.lease('c'))
  await s.clock.advanceAsync(100)
  expect(s.runtime.cancelLoading('b')).toBe(true)
  await s.clock.advanceAsync(900)
  expect(onB.outcome).toBeInstanceOf(LoadCancelledError)
  releaseAll([await onA.promise, await onC.promise])
  expect(s.engine.counts.loads).toBe(2)
  await finish(s)
})
