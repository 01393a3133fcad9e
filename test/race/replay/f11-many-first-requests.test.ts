import { expect } from 'vitest'
import { finish, stage, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay('F11 many first requests for one model: one loader call (ollama 9625, ray 59837)', async (random) => {
  const s = await stage({ m: {} })
  s.engine.script('m', { loadMs: 1_000 })
  const uses = [watch(s.runtime.embed('m', 'first'))]
  for (let n = 0; n < 100; n++) {
    await s.clock.advanceAsync(random.below(9))
    uses.push(watch(s.runtime.embed('m', `text ${n}`)))
  }
  await s.clock.advanceAsync(1_000)
  for (const { outcome } of uses) expect(outcome).toMatchObject({ generation: 1 })
  expect(s.engine.counts.loads).toBe(1)
  await finish(s)
})
