import { expect } from 'vitest'
import { finish, isPending, stage, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F23 the client goes away, queued or running: its place and its lease are free (ollama 11889)',
  async (random) => {
    const s = await stage({ m: { maxConcurrentUses: 2, maxConcurrent: 1 } })
    s.engine.script('m', { runMs: 10_000 })
    await s.runtime.load('m')
    const controllers = Array.from({ length: 8 }, () => new AbortController())
    const uses = controllers.map(({ signal }, n) => watch(s.runtime.embed('m', `text ${n}`, { signal })))
    expect(s.runtime.status('m')).toMatchObject({ concurrentAccessCount: 2, queuedRequests: 6 })
    await s.clock.advanceAsync(random.below(1_000))
    // One that runs and some that wait leave; those behind them move up.
    const leavers = new Set([0, 2 + random.below(6), 2 + random.below(6)])
    for (const index of leavers) controllers[index]?.abort(new Error('gone'))
    await s.clock.settle()
    for (const index of leavers) expect(uses[index]?.outcome).toMatchObject({ message: 'gone' })
    expect(s.runtime.status('m')).toMatchObject({
      concurrentAccessCount: 2,
      queuedRequests: 6 - leavers.size,
    })
    expect(s.engine.counts.activeRuns).toBe(2)

    const held = await s.runtime.lease('m')
    const leaving = new AbortController()
    const queued = watch(s.runtime.lease('m', { signal: leaving.signal }))
    const behind = watch(s.runtime.lease('m'))
    leaving.abort(new Error('gone'))
    held.release()
    await s.clock.settle()
    expect(queued.outcome).toMatchObject({ message: 'gone' })
    expect(isPending(behind)).toBe(false)
    ;(await behind.promise).release()
    for (const controller of controllers) controller.abort(new Error('gone'))
    await s.clock.settle()
    expect(s.engine.counts.activeRuns).toBe(0)
    await finish(s)
  },
)
