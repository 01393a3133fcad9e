import { expect } from 'vitest'
import { finish, stage, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F6 the last waiter leaves: the load is aborted, the next request starts afresh (llama-swap 727)',
  async (random) => {
    const s = await stage({ m: {} })
    s.engine.script('m', { loadMs: 10_000, abortMs: random.below(500), memoryBytes: 70e6 }, { loadMs: 100 })
    const controllers = Array.from({ length: 1 + random.below(5) }, () => new AbortController())
    const waiting = controllers.map(({ signal }) => watch(s.runtime.lease('m', { signal })))
    for (const controller of controllers) {
      await s.clock.advanceAsync(random.below(1_000))
      expect(s.engine.counts).toMatchObject({ loads: 1, loading: 1 })
      controller.abort(new Error('left'))
    }
    await s.clock.advanceAsync(500)
    for (const { outcome } of waiting) expect(outcome).toMatchObject({ message: 'left' })
    expect(s.engine.counts).toMatchObject({ loads: 1, aborted: 1, loading: 0, resident: 0 })
    expect(s.runtime.status('m')).toMatchObject({ isLoading: false, memoryBytes: 0, queuedRequests: 0 })
    const next = watch(s.runtime.lease('m'))
    await s.clock.advanceAsync(100)
    expect(next.outcome).toMatchObject({ generation: 2 })
    ;(await next.promise).release()
    await finish(s)
  },
)
