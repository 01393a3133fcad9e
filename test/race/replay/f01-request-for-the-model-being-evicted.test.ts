import { expect } from 'vitest'
import { finish, isPending, stage, untilSettled, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F1 a request arrives for the model being evicted: it reloads, others go on (ollama 17408)',
  async (random) => {
    const models = { a: {}, b: {}, c: {}, d: {} }
    // Room for two: what comes third waits until the least recently used one has gone.
    const s = await stage(models, { memoryBudgetBytes: 130e6 })
    for (const name of Object.keys(models))
      s.engine.script(name, { loadMs: 300, closeMs: 400, memoryBytes: 60e6, runMs: 20 })
    await untilSettled(s, [watch(s.runtime.embed('a', 'first'))])
    await untilSettled(s, [watch(s.runtime.embed('b', 'first'))])
    const onC = watch(s.runtime.embed('c', 'evicts a'))
    expect(s.runtime.status('a').state).toBe('unloading')
    await s.clock.advanceAsync(random.below(400))
    const onA = watch(s.runtime.embed('a', 'comes while a is being evicted'))
    const onB = watch(s.runtime.embed('b', 'is there'))
    await s.clock.advanceAsync(20)
    expect(isPending(onB)).toBe(false)
    await untilSettled(s, [onA, onC])
    expect(onA.outcome).toMatchObject({ servedBy: 'a:int8@cpu' })
    expect(onC.outcome).toMatchObject({ servedBy: 'c:int8@cpu' })
    // Two unloads, two loads, a run: nobody waited for a timeout.
    expect(s.clock.nowMs()).toBeLessThan(5_000)
    const [lease] = await Promise.all([s.runtime.lease('d'), s.clock.advanceAsync(2_000)])
    lease.release()
    await finish(s)
  },
)
