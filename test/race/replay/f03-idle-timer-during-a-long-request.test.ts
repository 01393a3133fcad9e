import { expect } from 'vitest'
import { finish, stage, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F3 the idle timer runs out during a long request: the clock starts after it (llama-swap 25)',
  async (random) => {
    const keepAliveMs = 1_000 + random.below(5_000)
    const runMs = keepAliveMs * (2 + random.below(5))
    const s = await stage({ m: { keepAlive: keepAliveMs / 1_000 } })
    s.engine.script('m', { runMs: ([text]) => (text === 'long' ? runMs : 10) })
    await Promise.all([s.runtime.embed('m', 'short'), s.clock.advanceAsync(10)])
    const unloadedAtMs: number[] = []
    s.runtime.on('unload', () => void unloadedAtMs.push(s.clock.nowMs()))
    await s.clock.advanceAsync(random.below(keepAliveMs))
    const long = watch(s.runtime.embed('m', 'long'))
    const endAtMs = s.clock.nowMs() + runMs
    await s.clock.advanceAsync(runMs + 10 * keepAliveMs)
    expect(long.outcome).toMatchObject({ generation: 1 })
    expect(unloadedAtMs).toEqual([endAtMs + keepAliveMs])
    await finish(s)
  },
)
