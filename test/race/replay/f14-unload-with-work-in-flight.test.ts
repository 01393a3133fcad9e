import { expect } from 'vitest'
import { finish, isPending, stage, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F14 unload or swap with work in flight: it waits for the leases (vllm 45520, ctranslate2 613)',
  async (random) => {
    const s = await stage({ m: { revision: 'v1' } })
    const runMs = 500 + random.below(1_000)
    s.engine.script('m', { runMs, closeMs: 50 })
    await s.runtime.load('m')
    const use = watch(s.runtime.embed('m', ['in', 'flight']))
    const held = await s.runtime.lease('m')
    await s.clock.advanceAsync(random.below(400))
    const isSwap = random.chance(0.5)
    const ending = watch<unknown>(isSwap ? s.runtime.swap('m', { revision: 'v2' }) : s.runtime.unload('m'))
    await s.clock.advanceAsync(runMs)
    expect(use.outcome).toMatchObject({ generation: 1 })
    expect(s.engine.models[0]?.state).toBe('open')
    expect(isPending(ending)).toBe(!isSwap)
    const run = watch(held.model.embed?.(['still mine']) ?? Promise.reject(new Error('cannot embed')))
    held.release()
    await s.clock.advanceAsync(runMs - 1)
    expect(s.engine.models[0]?.state).toBe('open')
    await s.clock.advanceAsync(51)
    expect(run.outcome).toMatchObject({ dimensions: 4 })
    expect(s.engine.models[0]?.state).toBe('closed')
    expect(ending.outcome).toBe(isSwap ? undefined : true)
    await finish(s)
  },
)
