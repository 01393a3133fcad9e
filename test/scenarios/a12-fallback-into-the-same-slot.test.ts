import { expect, it } from 'vitest'
import { finish, releaseAll, stage, take } from './harness.ts'
import { residentMemoryIn } from './real-model.ts'

const broken = new Error('the graph is corrupt')

it('A12 one instance: the fallback is loaded into the same slot, once the first try has ended', async () => {
  const s = await stage(
    { m: { dtype: 'fp32', fallback: [{ dtype: 'int8' }] } },
    // Room for one model at a time: two at once would be refused.
    { memoryBudgetBytes: 100e6 },
  )
  s.engine.script('m:fp32@cpu', { loadMs: 100, loadError: broken })
  s.engine.script('m:int8@cpu', { loadMs: 100, memoryBytes: 60_000_000 })
  const asked = take(s, 3, 'm')
  await s.clock.advanceAsync(200)
  const leases = await asked
  expect(s.runtime.status('m')).toMatchObject({
    servedBy: 'm:int8@cpu',
    servedByFallback: true,
    memoryBytes: 60_000_000,
    concurrentAccessCount: 3,
  })
  expect(s.engine.counts).toMatchObject({ loads: 2, failed: 1, resident: 1 })
  releaseAll(leases)
  await finish(s)
})

it('A12 a model that works is kept when its replacement fails', async () => {
  const s = await stage({ m: {} })
  s.engine.script('m:int8@cpu', { memoryBytes: 60_000_000 })
  s.engine.script('m:fp32@cpu', { loadMs: 100, loadError: broken })
  const held = await take(s, 2, 'm')
  const swapping = s.runtime.swap('m', { dtype: 'fp32' }).catch((error: unknown) => error)
  await s.clock.advanceAsync(100)
  expect(await swapping).toMatchObject({ code: 'MODEL_LOAD', cause: broken })
  expect(s.runtime.status('m')).toMatchObject({
    servedBy: 'm:int8@cpu',
    generation: 1,
    memoryBytes: 60_000_000,
  })
  for (const lease of held) expect((await lease.model.embed?.(['a text']))?.dimensions).toBe(4)
  const next = await s.runtime.lease('m')
  expect(next.generation).toBe(1)
  expect(s.engine.counts).toMatchObject({ loads: 2, resident: 1, closed: 0 })
  releaseAll([...held, next])
  await finish(s)
})

it('A12 after a drained swap that failed the previous model is loaded again', async () => {
  const s = await stage({ m: {} }, { memoryBudgetBytes: 100e6 })
  s.engine.script('m:int8@cpu', { loadMs: 50, memoryBytes: 60_000_000 })
  s.engine.script('m:fp32@cpu', { loadMs: 100, loadError: broken })
  const first = take(s, 1, 'm')
  await s.clock.advanceAsync(50)
  releaseAll(await first)
  const swapping = s.runtime.swap('m', { dtype: 'fp32' }).catch((error: unknown) => error)
  await s.clock.advanceAsync(200)
  expect(await swapping).toMatchObject({ code: 'MODEL_LOAD', cause: broken })
  expect(s.runtime.status('m')).toMatchObject({ state: 'ready', servedBy: 'm:int8@cpu', generation: 3 })
  expect(s.engine.counts).toMatchObject({ loads: 3, resident: 1 })
  expect(s.events.swap.map(({ mode, outcome }) => `${mode} ${outcome}`)).toEqual([
    'drain started',
    'drain given-up',
  ])
  await finish(s)
})

it('A12 a real model: the memory of one, whether the fallback serves or a replacement has failed', async () => {
  const { bare = 0, plain = 0, fallback = 0, kept = 0, both = 0 } = await residentMemoryIn('fallback')
  const ofOne = plain - bare
  // Two models can be told from one by this measure.
  expect((both - bare) / ofOne).toBeGreaterThan(1.35)
  expect((fallback - bare) / ofOne).toBeLessThan(1.35)
  expect((kept - bare) / ofOne).toBeLessThan(1.35)
})
