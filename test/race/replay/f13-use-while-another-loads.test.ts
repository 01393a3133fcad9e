import { expect } from 'vitest'
import { finish, stage, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay('F13 loaded X is used while Y loads: X is as quick as before (ollama 14578)', async (random) => {
  const s = await stage({ x: {}, y: {} })
  s.engine.script('x', { runMs: 20 })
  s.engine.script('y', { loadMs: 20_000 })
  await s.runtime.load('x')
  const latencyMs = async (): Promise<number> => {
    const startedAtMs = s.clock.nowMs()
    const use = s.runtime.embed('x', 'a text').then(() => s.clock.nowMs() - startedAtMs)
    await s.clock.advanceAsync(20)
    return use
  }
  const before = await latencyMs()
  const onY = watch(s.runtime.embed('y', 'a text'))
  for (let n = 0; n < 20; n++) {
    await s.clock.advanceAsync(random.below(500))
    expect(s.runtime.status('y').isLoading).toBe(true)
    expect(await latencyMs()).toBe(before)
  }
  await s.clock.advanceAsync(20_000)
  expect(onY.outcome).toMatchObject({ servedBy: 'y:int8@cpu' })
  await finish(s)
})
