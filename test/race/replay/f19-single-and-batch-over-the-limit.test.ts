import { expect } from 'vitest'
import { finish, stage, watch } from '../../scenarios/harness.ts'
import { BatchStage, textOf, vectorOf } from './batch-stage.ts'
import { replay } from './replay.ts'

replay(
  'F19 over the limit, one text or many: the same rule, decided before any work (tei 662)',
  async (random) => {
    const maxConcurrentUses = 1 + random.below(3)
    const s = await stage({ m: { maxConcurrentUses, maxQueue: 2 } })
    s.engine.script('m', { runMs: 100 })
    await s.runtime.load('m')
    const sizeOf = (): number => (random.chance(0.5) ? 1 : 2 + random.below(200))
    const textsOf = (): string[] => Array.from({ length: sizeOf() }, (_, n) => `text ${n}`)
    const asked = Array.from({ length: 10 }, () => watch(s.runtime.embed('m', textsOf())))
    await s.clock.settle()
    const refused = asked.slice(maxConcurrentUses + 2)
    for (const { outcome } of refused) expect(outcome).toMatchObject({ code: 'QUEUE_FULL', status: 429 })
    expect(s.engine.counts.runs).toBe(maxConcurrentUses)
    await s.clock.advanceAsync(1_000)
    // Whoever was admitted is answered whole, however many texts it brought.
    for (const { outcome } of asked.slice(0, maxConcurrentUses + 2))
      expect(outcome).toMatchObject({ generation: 1 })
    expect(s.engine.counts.runs).toBe(maxConcurrentUses + 2)
    await finish(s)
  },
)

replay(
  'F19 no finished work is thrown away: each text of a large request is run once, and all come back',
  async (random) => {
    const s = new BatchStage({ maxRuns: 1 + random.below(2) })
    const requests = Array.from({ length: 12 }, (_, n) =>
      Array.from({ length: random.chance(0.5) ? 1 : 150 }, (_, k) =>
        textOf(n * 1_000 + k, 8 + random.below(90)),
      ),
    )
    const ids: number[] = []
    for (const inputs of requests) {
      ids.push(s.request(inputs))
      await s.clock.advanceAsync(random.below(30))
    }
    await s.untilIdle()
    for (const [index, inputs] of requests.entries())
      expect(s.vectorsOf(ids[index] as number)).toEqual(inputs.map((text) => vectorOf(text)))
    const run = s.runs.flat()
    expect(run.length).toBe(requests.flat().length)
    expect(new Set(run).size).toBe(run.length)
  },
)
