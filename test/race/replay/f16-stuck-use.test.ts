import { expect } from 'vitest'
import { finish, stage, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F16 a use that is stuck past its limit: its thread is ended, others go on (localai 10578)',
  async (random) => {
    const s = await stage({ m: { useTimeoutMs: 1_000 }, other: {} })
    const stuck = { runMs: Infinity, abortMs: Infinity }
    s.engine.script('m', stuck, { runMs: 10 })
    s.engine.script('other', { runMs: 10 })
    await s.runtime.load('m')
    const held = await s.runtime.lease('m')
    const use = watch(s.runtime.embed('m', 'never ends'))
    await s.clock.advanceAsync(random.below(900))
    const onOther = watch(s.runtime.embed('other', 'a text'))
    await s.clock.advanceAsync(10)
    expect(onOther.outcome).toMatchObject({ servedBy: 'other:int8@cpu' })
    // Told to stop at 1 s, ended 2 s later.
    await s.clock.advanceAsync(2_999 - s.clock.nowMs())
    expect(s.engine.counts.killed).toBe(0)
    expect(s.warnings).toContainEqual(expect.objectContaining({ model: 'm', code: 'stuck-run' }))
    await s.clock.advanceAsync(1)
    expect(use.outcome).toMatchObject({ code: 'LEASE_REVOKED', status: 503 })
    expect(() => held.model).toThrow(expect.objectContaining({ code: 'LEASE_REVOKED' }))
    held.release()
    expect(s.engine.counts).toMatchObject({ killed: 1, activeRuns: 0 })
    const again = watch(s.runtime.embed('m', 'on a new thread'))
    await s.clock.advanceAsync(10)
    expect(again.outcome).toMatchObject({ generation: 3 })
    expect(s.events.unload).toMatchObject([{ model: 'm', reason: 'stuck' }])
    await finish(s)
  },
)
