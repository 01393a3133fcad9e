import { expect } from 'vitest'
import { finish, stage, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F4 a keep-alive shorter than the load: it ends and the first waiter is served (llama-swap 289)',
  async (random) => {
    const s = await stage({ m: { keepAlive: random.pick([0, 0.001, 1]) } })
    s.engine.script('m', { loadMs: 5_000 + random.below(15_000), runMs: 10 })
    const first = watch(s.runtime.embed('m', 'first'))
    await s.clock.advanceAsync(random.below(5_000))
    const second = watch(s.runtime.embed('m', 'second'))
    await s.clock.advanceAsync(25_000)
    for (const { outcome } of [first, second]) expect(outcome).toMatchObject({ generation: 1 })
    expect(s.engine.counts).toMatchObject({ loads: 1, aborted: 0 })
    expect(s.runtime.status('m')).toMatchObject({ state: 'unloaded', lastUnloadReason: 'idle' })
    await finish(s)
  },
)
