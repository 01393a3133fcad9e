import { expect } from 'vitest'
import { finish, stage, untilSettled, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F10 a load ends under full memory: its waiters use it before it may go (ray 65825, llama.cpp 28698)',
  async (random) => {
    const s = await stage({ x: {}, y: {}, z: {} }, { memoryBudgetBytes: 130e6 })
    const loadMs = 1_000 + random.below(1_000)
    // Y turns out to be larger than was estimated: with it the budget is exceeded.
    s.engine.script('x', { loadMs: 10, memoryBytes: 60e6, runMs: 50 })
    s.engine.script('y', { loadMs, memoryBytes: 90e6, runMs: 50 })
    s.engine.script('z', { loadMs: 10, memoryBytes: 30e6, runMs: 50 })
    await untilSettled(s, [watch(s.runtime.embed('x', 'first'))])
    const held = await s.runtime.lease('x')
    const onY = [watch(s.runtime.embed('y', 'one')), watch(s.runtime.embed('y', 'two'))]
    await s.clock.advanceAsync(random.below(loadMs - 1))
    const onZ = watch(s.runtime.embed('z', 'presses'))
    await untilSettled(s, onY)
    for (const { outcome } of onY) expect(outcome).toMatchObject({ servedBy: 'y:int8@cpu', generation: 2 })
    expect(s.engine.counts.loaded).toBeGreaterThanOrEqual(2)
    held.release()
    await untilSettled(s, [onZ])
    expect(onZ.outcome).toMatchObject({ servedBy: 'z:int8@cpu' })
    const loadsOfY = s.events.load.filter(({ model, outcome }) => model === 'y' && outcome === 'loaded')
    expect(loadsOfY).toHaveLength(1)
    await finish(s)
  },
)
