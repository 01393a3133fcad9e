import { expect, it } from 'vitest'
import { finish, releaseAll, stage, take, watch } from '../scenarios/harness.ts'

it('explain says who waits, in which place, and for what: a free place', async () => {
  const s = await stage({ m: { maxConcurrent: 1 } })
  s.engine.script('m', { runMs: 1_000 })
  const held = await take(s, 1, 'm')
  const use = s.runtime.embed('m', 'a text')
  const first = watch(s.runtime.lease('m', { priority: 3, tenant: 'a' }))
  await s.clock.advanceAsync(200)
  const second = watch(s.runtime.lease('m'))
  expect(s.runtime.explain('m')).toEqual({
    model: 'm',
    waiting: [
      { place: 1, kind: 'lease', priority: 3, tenant: 'a', waitedMs: 200, waitsFor: 'a free place' },
      { place: 2, kind: 'lease', priority: 1, tenant: '', waitedMs: 0, waitsFor: 'a free place' },
    ],
    waitingInSlot: 2,
    resident: { servedBy: 'm:int8@cpu', leases: 1, uses: 1, runs: 1, isDoorClosed: false },
  })
  await s.clock.advanceAsync(800)
  await use
  releaseAll(held)
  for (const { promise } of [second, first]) (await promise).release()
  await finish(s)
})

it('explain says what a load waits for: memory, other loads, leases, its own end', async () => {
  const s = await stage(
    { a: { slot: 'one' }, b: { slot: 'one' }, c: {}, d: {} },
    { memoryBudgetBytes: 130e6, maxParallelLoads: 1, maxSwapWaitMs: 1_000 },
  )
  s.engine.script('c', { loadMs: 1_000, memoryBytes: 60e6 })
  s.engine.script('a', { memoryBytes: 60e6 })
  const held = await take(s, 1, 'a')
  const onC = watch(s.runtime.lease('c'))
  expect(s.runtime.explain('c')).toMatchObject({
    waiting: [{ waitsFor: 'the load' }],
    incoming: { servedBy: 'c:int8@cpu', waitsFor: 'its load', sinceMs: 0 },
  })
  const onD = watch(s.runtime.lease('d'))
  expect(s.runtime.explain('d')).toMatchObject({
    waiting: [{ waitsFor: 'another load' }],
    incoming: { waitsFor: 'parallel' },
  })
  await s.clock.advanceAsync(1_000)
  expect(s.runtime.explain('d')).toMatchObject({
    waiting: [{ waitsFor: 'memory' }],
    incoming: { waitsFor: 'memory' },
  })
  const onB = watch(s.runtime.lease('b'))
  await s.clock.advanceAsync(1_000)
  expect(s.runtime.explain('b')).toMatchObject({
    waiting: [{ waitsFor: 'leases to end' }],
    resident: { servedBy: 'a:int8@cpu', leases: 1, isDoorClosed: true },
  })
  releaseAll([...held, await onC.promise])
  for (let left = [onB, onD]; left.length > 0;) {
    await s.clock.advanceToNextTimer()
    for (const { outcome } of left) if (outcome !== 'pending' && 'release' in outcome) outcome.release()
    left = left.filter(({ outcome }) => outcome === 'pending')
  }
  await finish(s)
})

it('explain says why a model was last unloaded', async () => {
  const s = await stage({ m: { keepAlive: 1 } })
  expect(s.runtime.explain('m')).not.toHaveProperty('lastUnloadReason')
  await s.runtime.load('m')
  await s.clock.advanceAsync(1_000)
  expect(s.runtime.explain('m')).toEqual({
    model: 'm',
    waiting: [],
    waitingInSlot: 0,
    lastUnloadReason: 'idle',
  })
  await s.runtime.load('m')
  await s.runtime.unload('m')
  expect(s.runtime.explain('m')).toMatchObject({ lastUnloadReason: 'requested' })
  await finish(s)
})

it('readiness waits for models marked preload, and tells what keeps them', async () => {
  const s = await stage({ m: { preload: true, loadingTimeoutMs: 500 }, n: {} })
  expect(s.runtime.readiness()).toEqual({ ready: false, reasons: ['m is being loaded'] })
  await s.clock.settle()
  expect(s.runtime.readiness()).toEqual({ ready: true, reasons: [] })
  s.engine.script('m', { loadError: new Error('corrupt') }, { loadMs: 100 })
  s.engine.model('m').die(new Error('crashed'))
  expect(s.runtime.readiness().ready).toBe(false)
  expect(s.runtime.readiness().reasons[0]).toContain('m is')
  await s.clock.settle()
  expect(s.runtime.readiness().reasons).toEqual(['m is not loaded (corrupt)'])
  // It is tried again by itself, after the back-off.
  await s.clock.advanceAsync(10_000)
  expect(s.runtime.readiness().reasons).toEqual(['m is being loaded (corrupt)'])
  await s.clock.advanceAsync(100)
  expect(s.runtime.readiness()).toEqual({ ready: true, reasons: [] })
  await finish(s)
})
