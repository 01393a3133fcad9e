import { expect } from 'vitest'
import { errorOf, finish, stage, untilSettled, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F17 a model that never loads, 1,000 requests: few loader calls, a reason for each (localai)',
  async (random) => {
    const s = await stage({ m: {} })
    const loadError = new Error('corrupt file')
    s.engine.script('m', { loadMs: 50, loadError })
    const uses = []
    for (let n = 0; n < 1_000; n++) {
      await s.clock.advanceAsync(random.below(200))
      uses.push(watch(s.runtime.embed('m', `text ${n}`)))
    }
    await untilSettled(s, uses)
    for (const use of uses) {
      expect(use.outcome).toMatchObject({ code: 'MODEL_LOAD', status: 503, cause: loadError })
      expect(errorOf(use).retryAfterMs).toBeGreaterThan(0)
    }
    expect(new Set(uses.map(({ outcome }) => outcome)).size).toBe(1_000)
    // 100 s in all, with pauses of 10, 20, 40 and 80 s.
    expect(s.engine.counts.loads).toBeLessThanOrEqual(5)
    expect(s.engine.counts.loads).toBeGreaterThanOrEqual(3)
    await finish(s)
  },
)
