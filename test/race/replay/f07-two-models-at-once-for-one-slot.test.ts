import { expect } from 'vitest'
import { finish, stage } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F7 room for one, requests for X and Y together: both are served, in order (llama.cpp 28443)',
  async (random) => {
    const s = await stage({ x: { slot: 'one' }, y: { slot: 'one' } })
    const script = {
      loadMs: 200 + random.below(1_000),
      runMs: random.below(3_000),
      closeMs: random.below(200),
    }
    s.engine.script('x', script)
    s.engine.script('y', script)
    const models = random.chance(0.5) ? ['x', 'y'] : ['y', 'x']
    const served: string[] = []
    const requests = models.map(async (model) => {
      const { servedBy } = await s.runtime.embed(model, 'a text')
      served.push(servedBy)
    })
    await s.clock.advanceAsync(20_000)
    await Promise.all(requests)
    expect(served).toEqual(models.map((model) => `${model}:int8@cpu`))
    expect(s.engine.counts.loads).toBe(2)
    await finish(s)
  },
)
