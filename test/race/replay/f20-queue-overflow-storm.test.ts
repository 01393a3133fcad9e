import { expect } from 'vitest'
import { finish, stage, untilSettled, watch, errorOf } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F20 a storm on a full queue: a 429 or 503 for each, no crash, no 500 (tei 470, ollama 4124)',
  async (random) => {
    const s = await stage({ m: { maxConcurrentUses: 4, maxQueue: 100, accessTimeoutMs: 5_000 } })
    s.engine.script('m', { loadMs: 1_000, runMs: 200 })
    const uses = []
    for (let n = 0; n < 3_000; n++) {
      if (random.chance(0.05)) await s.clock.advanceAsync(random.below(50))
      uses.push(watch(s.runtime.embed('m', `text ${n}`, { priority: random.below(10), tenant: `t${n % 3}` })))
      expect(s.runtime.status('m').queuedRequests).toBeLessThanOrEqual(100)
    }
    await untilSettled(s, uses)
    const failed = uses.filter(({ outcome }) => outcome instanceof Error)
    expect(failed.length).toBeGreaterThan(1_000)
    expect(failed.length).toBeLessThan(3_000)
    for (const use of failed) {
      expect([429, 503]).toContain(errorOf(use).status)
      expect(errorOf(use).retryAfterMs).toBeGreaterThan(0)
    }
    const calm = watch(s.runtime.embed('m', 'afterwards'))
    await s.clock.advanceAsync(200)
    expect(calm.outcome).toMatchObject({ generation: 1 })
    await finish(s)
  },
)
