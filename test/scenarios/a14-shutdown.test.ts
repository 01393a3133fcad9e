import { expect, it } from 'vitest'
import { createRuntime, ShutdownError } from '../../src/index.ts'
import { askFor, stage, type Stage, take, untilSettled, watch } from './harness.ts'
import { REAL_MODEL, residentMemoryIn, sentences } from './real-model.ts'

function expectNothingLeft({ runtime, engine, clock }: Stage): void {
  expect(engine.counts).toMatchObject({ resident: 0, loading: 0, activeRuns: 0 })
  expect(engine.breaches).toEqual([])
  expect(clock.pendingTimers).toBe(0)
  for (const { queuedRequests, concurrentAccessCount, memoryBytes } of runtime.models())
    expect([queuedRequests, concurrentAccessCount, memoryBytes]).toEqual([0, 0, 0])
}

it('A14 shutdown: nothing new is admitted, work in flight finishes, the model is released', async () => {
  const s = await stage({ m: { maxConcurrent: 2 } })
  s.engine.script('m', { runMs: 500, closeMs: 100 })
  const [lease, other] = await take(s, 2, 'm')
  const use = watch(s.runtime.embed('m', ['in flight']))
  const queued = watch(s.runtime.lease('m'))
  await s.clock.settle()

  const closing = watch(s.runtime.close({ graceMs: 10_000 }))
  expect(s.runtime.readiness()).toEqual({ ready: false, reasons: ['shutting down'] })
  const refused = [...askFor(s, 1, 'm'), watch(s.runtime.embed('m', ['new'])), watch(s.runtime.load('m'))]
  await s.clock.settle()
  for (const { outcome } of refused) expect(outcome).toBeInstanceOf(ShutdownError)

  await s.clock.advanceAsync(500)
  expect(use.outcome).toMatchObject({ servedBy: 'm:int8@cpu' })
  other?.release()
  // It was admitted before the close, so it is served.
  ;(await queued.promise).release()
  expect(lease?.model).toBe(s.engine.model('m'))
  expect(closing.outcome).toBe('pending')
  lease?.release()
  await s.clock.advanceAsync(100)
  expect(closing.outcome).toBeUndefined()
  expect(s.clock.nowMs()).toBe(600)
  expect(s.engine.counts).toMatchObject({ closed: 1, killed: 0 })
  expect(s.events.unload).toEqual([expect.objectContaining({ model: 'm', reason: 'shutdown' })])
  expectNothingLeft(s)
})

it('A14 shutdown of an idle runtime takes no time; a second close waits for the same end', async () => {
  const s = await stage({ m: {}, n: {} })
  await s.runtime.load('m')
  const both = [watch(s.runtime.close()), watch(s.runtime.close())]
  await s.clock.settle()
  expect(both.map(({ outcome }) => outcome)).toEqual([undefined, undefined])
  await s.runtime.close()
  expect(s.clock.nowMs()).toBe(0)
  expectNothingLeft(s)
})

it('A14 shutdown while a model loads: its waiters may wait for it within the grace, and no longer', async () => {
  const s = await stage({ quick: {}, slow: {} })
  s.engine.script('quick', { loadMs: 500 })
  s.engine.script('slow', { loadMs: 60_000 })
  const onQuick = watch(s.runtime.lease('quick'))
  const onSlow = watch(s.runtime.lease('slow'))
  await s.clock.settle()
  const closing = watch(s.runtime.close({ graceMs: 1_000 }))
  await s.clock.advanceAsync(500)
  ;(await onQuick.promise).release()
  await s.clock.advanceAsync(500)
  expect(onSlow.outcome).toBeInstanceOf(ShutdownError)
  expect(onSlow.outcome).toMatchObject({ waitedMs: 1_000 })
  await untilSettled(s, [closing])
  expect(s.engine.counts).toMatchObject({ aborted: 1 })
  expectNothingLeft(s)
})

it('A14 shutdown of a model that hangs while it closes: its thread is ended', async () => {
  const s = await stage({ m: {} })
  s.engine.script('m', { closeMs: Infinity })
  await s.runtime.load('m')
  await untilSettled(s, [watch(s.runtime.close())])
  expect(s.engine.counts).toMatchObject({ killed: 1 })
  expectNothingLeft(s)
})

it('A14 a real model: work in flight finishes, the thread is gone', async () => {
  const runtime = await createRuntime({ models: { m: { source: REAL_MODEL } } })
  await runtime.load('m')
  const texts = sentences(32)
  const uses = texts.map((text) => runtime.embed('m', text))
  const closing = runtime.close({ graceMs: 20_000 })
  await expect(runtime.embed('m', 'new')).rejects.toBeInstanceOf(ShutdownError)
  for (const { vectors } of await Promise.all(uses)) expect(vectors[0]).toHaveLength(384)
  await closing
  expect(runtime.status('m')).toMatchObject({ state: 'unloaded', memoryBytes: 0, concurrentAccessCount: 0 })
})

it('A14 a real model: the memory comes back, and nothing keeps the process from ending', async () => {
  // The story ends only when its process has ended by itself.
  const { bare = 0, loaded = 0, closed = 0 } = await residentMemoryIn('shutdown')
  expect((closed - bare) / (loaded - bare)).toBeLessThan(0.6)
})
