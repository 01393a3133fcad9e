import { expect } from 'vitest'
import { finish, stage, untilSettled, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F15 a request to an unloaded model: it loads, or fails with a clear error (vllm 15483)',
  async (random) => {
    const s = await stage({ m: {} })
    const loadError = new Error('the file is gone')
    s.engine.script('m', { closeMs: 100, runMs: 10 }, { runMs: 10, loadMs: 50 }, { loadError })
    await untilSettled(s, [watch(s.runtime.embed('m', 'first'))])
    void s.runtime.unload('m')
    await s.clock.advanceAsync(random.below(200))
    const reloaded = watch(s.runtime.embed('m', 'second'))
    await untilSettled(s, [reloaded])
    expect(reloaded.outcome).toMatchObject({ generation: 2 })
    expect(await s.runtime.unload('m')).toBe(true)
    expect(await s.runtime.unload('m')).toBe(false)
    const failed = watch(s.runtime.embed('m', 'third'))
    await untilSettled(s, [failed])
    expect(failed.outcome).toMatchObject({ code: 'MODEL_LOAD', cause: loadError, status: 503 })
    await finish(s)
  },
)
