import { expect } from 'vitest'
import { finish, stage, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F5 A and B wait for one load and A leaves: B is served by the same load (ollama 8398)',
  async (random) => {
    const s = await stage({ m: {} })
    const loadMs = 2_000 + random.below(10_000)
    s.engine.script('m', { loadMs })
    const controller = new AbortController()
    const a = watch(s.runtime.lease('m', { signal: controller.signal }))
    await s.clock.advanceAsync(random.below(1_000))
    const b = watch(s.runtime.lease('m'))
    await s.clock.advanceAsync(random.below(1_000))
    controller.abort(new Error('A left'))
    await s.clock.advanceAsync(loadMs)
    expect(a.outcome).toMatchObject({ message: 'A left' })
    expect(b.outcome).toMatchObject({ generation: 1 })
    expect(s.engine.counts).toMatchObject({ loads: 1, aborted: 0 })
    ;(await b.promise).release()
    await finish(s)
  },
)
