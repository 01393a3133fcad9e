import { expect, it } from 'vitest'
import { createRuntime } from '../../src/index.ts'
import { finish, stage, watch } from './harness.ts'
import { TRANSLATORS } from './real-model.ts'

const PAIRS = {
  'en-hi': { group: 'hindi', languages: { source: 'en', target: 'hi' }, keepAlive: '5m' },
  'hi-en': { group: 'hindi', languages: { source: 'hi', target: 'en' }, keepAlive: '5m' },
}

it('D1 both directions load once, together, whatever the number of first requests', async () => {
  const s = await stage(PAIRS)
  for (const name of Object.keys(PAIRS)) s.engine.script(name, { tasks: ['translate'], loadMs: 3_000 })
  const first = Array.from({ length: 20 }, (_, n) =>
    watch(s.runtime.translate({ source: 'en', target: 'hi' }, `Text ${n}.`)),
  )
  await s.clock.advanceAsync(1_000)
  expect(s.engine.counts.loading).toBe(2)
  const second = Array.from({ length: 20 }, () => watch(s.runtime.translate('hi-en', 'Text.')))
  await s.clock.advanceAsync(2_000)
  expect(s.engine.counts).toMatchObject({ loads: 2, loaded: 2, loading: 0 })
  for (const { promise } of [...first, ...second]) expect((await promise).generation).toBeGreaterThan(0)
  expect(s.clock.nowMs()).toBe(3_000)
  await finish(s)
})

it('D1 a loaded model is reached without waiting', async () => {
  const s = await stage(PAIRS)
  for (const name of Object.keys(PAIRS)) s.engine.script(name, { tasks: ['translate'], loadMs: 3_000 })
  const loading = s.runtime.load('en-hi')
  await s.clock.advanceAsync(3_000)
  await loading
  for (const pair of [
    { source: 'en', target: 'hi' },
    { source: 'hin', target: 'eng' },
  ]) {
    const { texts, timings } = await s.runtime.translate(pair, 'Text.')
    expect(texts[0]).toMatch(/\(Text\.\)$/)
    expect(timings).toMatchObject({ loadMs: 0, queueMs: 0 })
  }
  expect(s.clock.nowMs()).toBe(3_000)
  await finish(s)
})

it('D1 both directions are unloaded when nobody uses them', async () => {
  const s = await stage(PAIRS)
  for (const name of Object.keys(PAIRS)) s.engine.script(name, { tasks: ['translate'] })
  await s.runtime.translate({ source: 'en', target: 'hi' }, 'Text.')
  expect(s.engine.counts.resident).toBe(2)
  await s.clock.advanceAsync(300_001)
  expect(s.engine.counts).toMatchObject({ resident: 0, closed: 2 })
  await finish(s)
})

it('D1 the models that come with the package, both at once', async () => {
  await using runtime = await createRuntime({
    models: {
      there: { source: TRANSLATORS['en-hi'], group: 'hindi' },
      back: { source: TRANSLATORS['hi-en'], group: 'hindi' },
    },
  })
  const loads: string[] = []
  runtime.on('load', ({ model, outcome }) => {
    if (outcome === 'loaded') loads.push(model)
  })
  const [there, back] = await Promise.all([
    runtime.translate({ source: 'en', target: 'hi' }, 'Please stop the car near the temple.'),
    runtime.translate({ source: 'hi', target: 'en' }, 'मेरी बेटी बारह साल की है।'),
  ])
  expect(there.texts).toEqual(['कृपया मंदिर के पास गाड़ी रोकिए।'])
  expect(back.texts).toEqual(['My daughter is twelve years old.'])
  expect(loads.sort()).toEqual(['back', 'there'])
})
