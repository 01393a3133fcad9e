import { expect } from 'vitest'
import { Crowd } from '../../scenarios/crowd.ts'
import { finish, stage } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F27 any mix of errors, cancels and timeouts: all counters return to 0 (localai 4.8.0)',
  async (random) => {
    const models = ['a', 'b']
    const s = await stage(
      { a: { slot: 'one' }, b: { slot: 'one' } },
      { maxConcurrent: 2, maxConcurrentUses: 3, maxQueue: 30, accessTimeoutMs: 3_000, useTimeoutMs: 1_000 },
    )
    for (const model of models)
      s.engine.script(
        model,
        ...Array.from({ length: 100 }, () => ({
          loadMs: random.below(800),
          runMs: () => random.below(random.chance(0.1) ? 2_000 : 100),
          runError: () => (random.chance(0.2) ? new Error('run failed') : undefined),
          ...(random.chance(0.3) && { loadError: new Error('load failed') }),
        })),
      )
    const crowd = new Crowd(s, random, {
      models,
      limits: new Map([['one', 2]]),
      slotOf: () => 'one',
      memoryBytes: new Map(models.map((model) => [model, 0])),
      memoryBudgetBytes: 1e15,
    })
    for (let n = 0; n < 500; n++) {
      s.clock.callAt(random.below(60_000), () => crowd.arrive())
      if (n % 50 === 0)
        s.clock.callAt(random.below(60_000), () => void s.runtime.cancelLoading(random.pick(models)))
      if (n % 50 === 0) s.clock.callAt(random.below(60_000), () => s.engine.models.at(-1)?.die())
    }
    while (await s.clock.advanceToNextTimer()) crowd.check()
    expect(crowd.present).toBe(0)
    expect(crowd.ends.size).toBeGreaterThan(5)
    for (const model of models)
      expect(s.runtime.explain(model)).toMatchObject({ waiting: [], waitingInSlot: 0 })
    expect(s.engine.counts).toMatchObject({ activeRuns: 0, loading: 0 })
    await finish(s)
  },
)
