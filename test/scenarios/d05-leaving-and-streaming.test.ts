import { expect, it } from 'vitest'
import { createRuntime } from '../../src/index.ts'
import { finish, stage, watch } from './harness.ts'
import { TRANSLATORS } from './real-model.ts'

const EN_HI = { 'en-hi': { languages: { source: 'en', target: 'hi' } } }
const hindi = { source: 'en', target: 'hi' }

it('D5 a caller that goes away frees its place', async () => {
  const s = await stage(EN_HI)
  s.engine.script('en-hi', { tasks: ['translate'], runMs: Infinity })
  const leaving = new AbortController()
  const gone = watch(s.runtime.translate(hindi, 'Text.', { signal: leaving.signal }))
  await s.clock.settle()
  expect(s.engine.counts.activeRuns).toBe(1)
  leaving.abort(new Error('gone'))
  await expect(gone.promise).rejects.toThrow('gone')
  await s.clock.settle()
  expect(s.engine.counts.activeRuns).toBe(0)
  await finish(s)
})

it('D5 a stream sends sentences as they are done', async () => {
  const s = await stage(EN_HI)
  s.engine.script('en-hi', { tasks: ['translate'], runMs: 100 })
  const stream = s.runtime.translate(hindi, ['One. Two.\n', 'Three.'], { stream: true })
  const seen: unknown[] = []
  for (let n = 1; n <= 3; n++) {
    const next = watch(stream.next())
    await s.clock.advanceAsync(100)
    seen.push((await next.promise).value)
    expect(s.clock.nowMs()).toBe(n * 100)
  }
  expect(await stream.next()).toEqual({ done: true, value: undefined })
  expect(seen).toEqual([
    { text: 0, sentence: 0, translation: 'hi(One.) ' },
    { text: 0, sentence: 1, translation: 'hi(Two.)\n' },
    { text: 1, sentence: 0, translation: 'hi(Three.)' },
  ])
  await finish(s)
})

it('D5 a slow reader of a stream holds no run, and one that is silent for half a minute is given up', async () => {
  const s = await stage(EN_HI)
  s.engine.script('en-hi', { tasks: ['translate'], runMs: 100 })
  const stream = s.runtime.translate(hindi, 'One. Two. Three. Four.', { stream: true })
  const first = stream.next()
  await s.clock.advanceAsync(200)
  await first
  await s.clock.advanceAsync(29_000)
  expect(s.engine.counts).toMatchObject({ activeRuns: 0, runs: 2 })
  expect(s.runtime.status('en-hi').concurrentAccessCount).toBe(1)
  await s.clock.advanceAsync(1_001)
  expect(s.runtime.status('en-hi').concurrentAccessCount).toBe(0)
  await expect(stream.next()).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
  expect(await stream.next()).toEqual({ done: true, value: undefined })
  await finish(s)
})

it('D5 leaving the loop over a stream frees its place', async () => {
  const s = await stage(EN_HI)
  s.engine.script('en-hi', { tasks: ['translate'] })
  for await (const { translation } of s.runtime.translate(hindi, 'One. Two. Three.', { stream: true })) {
    expect(translation).toBe('hi(One.) ')
    break
  }
  expect(s.runtime.status('en-hi').concurrentAccessCount).toBe(0)
  await finish(s)
})

it('D5 the sentences of a stream are those of the whole, with a real model', async () => {
  await using runtime = await createRuntime({ models: { m: { source: TRANSLATORS['en-hi'] } } })
  await runtime.load('m')
  const text = 'They like this train. '.repeat(500)
  const stream = runtime.translate('m', text, { stream: true })
  const parts = [(await stream.next()).value?.translation]
  for await (const { translation } of stream) parts.push(translation)
  const whole = await runtime.translate('m', text)
  expect(parts.join('')).toBe(whole.texts[0])
  expect(parts).toHaveLength(500)
  expect(runtime.status('m').concurrentAccessCount).toBe(0)
})
