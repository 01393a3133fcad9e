import { expect, it } from 'vitest'
import { ShutdownError } from '../../src/index.ts'
import { stage, untilSettled, watch, type Stage } from './harness.ts'

function expectNothingLeft({ runtime, engine, clock }: Stage): void {
  expect(engine.counts).toMatchObject({ resident: 0, activeRuns: 0, loading: 0 })
  expect(engine.breaches).toEqual([])
  expect(clock.pendingTimers).toBe(0)
  expect(runtime.status('m')).toMatchObject({ concurrentAccessCount: 0, queuedRequests: 0, memoryBytes: 0 })
}

it('B7 close waits for work in flight as long as the grace allows', async () => {
  const s = await stage({ m: {} })
  s.engine.script('m', { runMs: 900 })
  const use = watch(s.runtime.embed('m', 'in flight'))
  const closing = watch(s.runtime.close({ graceMs: 1_000 }))
  await s.clock.advanceAsync(899)
  expect(closing.outcome).toBe('pending')
  await s.clock.advanceAsync(1)
  expect(use.outcome).toMatchObject({ servedBy: 'm:int8@cpu' })
  expect(closing.outcome).toBeUndefined()
  expectNothingLeft(s)
})

it('B7 what is left after the grace is aborted with ShutdownError', async () => {
  const s = await stage({ m: { maxConcurrent: 1 } })
  s.engine.script('m', { runMs: 5_000 })
  const held = await s.runtime.lease('m')
  const run = watch(held.model.embed?.(['by hand']) ?? Promise.reject(new Error('no embed')))
  const use = watch(s.runtime.embed('m', 'too long'))
  const queued = watch(s.runtime.lease('m'))
  await s.clock.settle()
  const closing = watch(s.runtime.close({ graceMs: 1_000 }))
  await s.clock.advanceAsync(999)
  expect([use, queued, run].map(({ outcome }) => outcome)).toEqual(['pending', 'pending', 'pending'])
  await s.clock.advanceAsync(1)
  for (const { outcome } of [use, queued, run]) expect(outcome).toBeInstanceOf(ShutdownError)
  expect(new Set([use.outcome, queued.outcome]).size).toBe(2)
  expect(() => held.model).toThrow(ShutdownError)
  held.release()
  await untilSettled(s, [closing])
  expectNothingLeft(s)
})

it('B7 a run that goes on after its caller has left is waited for as well', async () => {
  const s = await stage({ m: {} })
  s.engine.script('m', { runMs: 2_000, abortMs: Infinity })
  const controller = new AbortController()
  const use = watch(s.runtime.embed('m', 'left', { signal: controller.signal }))
  await s.clock.settle()
  controller.abort(new Error('the client went away'))
  await s.clock.settle()
  expect(use.outcome).toMatchObject({ message: 'the client went away' })
  expect(s.runtime.status('m').concurrentAccessCount).toBe(0)
  const closing = watch(s.runtime.close({ graceMs: 10_000 }))
  await s.clock.advanceAsync(1_999)
  expect(closing.outcome).toBe('pending')
  await s.clock.advanceAsync(1)
  expect(closing.outcome).toBeUndefined()
  expect(s.engine.counts).toMatchObject({ closed: 1, killed: 0 })
  expectNothingLeft(s)
})
