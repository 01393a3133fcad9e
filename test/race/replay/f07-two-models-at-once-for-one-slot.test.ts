import { expect } from 'vitest'
import { finish, stage } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F7 room for one, requests for X and Y together: both are served, in order (llama.cpp 28443)',
  async (random) => {
    const s = await stage({ x: { slot: 'one' }, y: { slot: 'one' } })
    const [loadMs, runMs, closeMs] = [200 + random.below(1_000), random.below(3_000), random.below(200)]
    const script = { loadMs, runMs, closeMs }
    s.engine.script('x', script)
    s.engine.script('y', script)
    const models = random.chance(0.5) ? ['x', 'y'] : ['y', 'x']
    const served: string[] = []
    let endedAtMs = 0
    const requests = models.map(async (model) => {
      const { servedBy } = await s.runtime.embed(model, 'a text')
      served.push(servedBy)
      endedAtMs = s.clock.nowMs()
    })
    await s.clock.advanceAsync(20_000)
    await Promise.all(requests)
    expect(served).toEqual(models.map((model) => `${model}:int8@cpu`))
    expect(s.engine.counts.loads).toBe(2)
    // The second one comes as soon as the first has been used, and has been there for `minResidencyMs`.
    expect(endedAtMs).toBe(loadMs + Math.max(runMs, 1_000) + closeMs + loadMs + runMs)
    await finish(s)
  },
)
