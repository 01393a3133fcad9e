import { expect } from 'vitest'
import { finish, isPending, stage, take, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F9 memory pressure, X active and Y loading: neither is the victim (llama.cpp 21678, 25528)',
  async (random) => {
    const s = await stage({ x: {}, y: {}, z: {} }, { memoryBudgetBytes: 130e6 })
    for (const name of ['x', 'y', 'z'])
      s.engine.script(name, { loadMs: 2_000, memoryBytes: 60e6, closeMs: 10 })
    const [[held]] = await Promise.all([take(s, 1, 'x'), s.clock.advanceAsync(2_000)])
    const onY = watch(s.runtime.lease('y'))
    await s.clock.advanceAsync(random.below(1_999))
    const onZ = watch(s.runtime.lease('z'))
    await s.clock.advanceAsync(2_500)
    expect(s.runtime.status('x')).toMatchObject({ state: 'ready', generation: 1, concurrentAccessCount: 1 })
    expect(s.runtime.status('y')).toMatchObject({ state: 'ready', concurrentAccessCount: 1 })
    expect(s.events.unload).toEqual([])
    expect(isPending(onZ)).toBe(true)
    expect(s.runtime.explain('z').waiting[0]).toMatchObject({ waitsFor: 'memory' })
    // The first one to be idle makes room.
    ;(await onY.promise).release()
    await s.clock.advanceAsync(2_010)
    expect(onZ.outcome).toMatchObject({ generation: 3 })
    expect(s.events.unload).toMatchObject([{ model: 'y', reason: 'evicted' }])
    expect(held?.model).toBe(s.engine.models[0])
    held?.release()
    ;(await onZ.promise).release()
    await finish(s)
  },
)
