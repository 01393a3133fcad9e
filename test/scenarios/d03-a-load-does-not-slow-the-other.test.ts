import { expect, it } from 'vitest'
import { finish, stage, watch } from './harness.ts'

it('D3 a load of one direction does not slow down the other', async () => {
  const s = await stage({
    'en-hi': { languages: { source: 'en', target: 'hi' } },
    'hi-en': { languages: { source: 'hi', target: 'en' } },
  })
  s.engine.script('en-hi', { tasks: ['translate'], runMs: 10 })
  s.engine.script('hi-en', { tasks: ['translate'], loadMs: 20_000 })
  await s.runtime.load('en-hi')
  const slow = watch(s.runtime.translate('hi-en', 'Text.'))
  for (let n = 0; n < 100; n++) {
    const beganMs = s.clock.nowMs()
    const done = watch(s.runtime.translate('en-hi', 'Text.'))
    await s.clock.advanceAsync(10)
    expect((await done.promise).timings).toMatchObject({ queueMs: 0, loadMs: 0, inferMs: 10 })
    expect(s.clock.nowMs() - beganMs).toBe(10)
  }
  expect(slow.outcome).toBe('pending')
  await s.clock.advanceAsync(20_000)
  expect((await slow.promise).texts).toEqual(['xx(Text.)'])
  await finish(s)
})
