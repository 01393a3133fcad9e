import { expect } from 'vitest'
import type { EmbedResult } from '../../../src/index.ts'
import { finish, stage, watch, type Watched } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay(
  'F2 the idle timer fires as a request arrives: served, at most one reload (llama-swap 946)',
  async (random) => {
    const s = await stage({ m: { keepAlive: 10 } })
    s.engine.script('m', { loadMs: 100, closeMs: 50 })
    const late: Watched<EmbedResult>[] = []
    const request = (): void => void late.push(watch(s.runtime.embed('m', `late ${late.length}`)))
    // In the very millisecond of the idle timer, and before it; then a few within the unload.
    s.clock.callAt(10_100, request)
    await Promise.all([s.runtime.embed('m', 'first'), s.clock.advanceAsync(100)])
    await s.clock.advanceAsync(10_000)
    expect(late[0]?.outcome).toMatchObject({ generation: 1 })
    expect(s.engine.counts.loads).toBe(1)

    for (let n = 0; n < 5; n++) s.clock.callAt(20_100 + random.below(200), request)
    await s.clock.advanceAsync(10_500)
    expect(late).toHaveLength(6)
    for (const { outcome } of late.slice(1)) expect(outcome).toMatchObject({ generation: 2 })
    expect(s.engine.counts.loads).toBe(2)
    await finish(s)
  },
)
