import { expect, it } from 'vitest'
import { finish, stage } from '../../scenarios/harness.ts'
import { residentMemoryIn } from '../../scenarios/real-model.ts'
import { replay } from './replay.ts'

replay(
  'F24 load and unload 50 times: nothing stays open, whoever comes in between (onnxruntime 25325)',
  async (random) => {
    const s = await stage({ m: {} })
    s.engine.script('m', { loadMs: 50, closeMs: 20, runMs: 10 })
    for (let n = 0; n < 50; n++) {
      const load = s.runtime.load('m')
      await s.clock.advanceAsync(50)
      await load
      const use = random.chance(0.5) ? s.runtime.embed('m', 'a text') : undefined
      const unload = s.runtime.unload('m')
      await s.clock.advanceAsync(30)
      await Promise.all([use, unload])
      expect(s.engine.counts).toMatchObject({ loads: n + 1, closed: n + 1, resident: 0 })
      expect(s.runtime.status('m')).toMatchObject({ state: 'unloaded', memoryBytes: 0 })
      expect(s.clock.pendingTimers).toBeLessThanOrEqual(1)
    }
    await finish(s)
  },
)

it('F24 a real model: resident memory after 50 times is about that after 2', async () => {
  const { after2 = 0, after50 = 0 } = await residentMemoryIn('reloads')
  // One model that stayed behind would show: it takes as much again as the process without it.
  expect(after50 / after2).toBeLessThan(1.4)
})
