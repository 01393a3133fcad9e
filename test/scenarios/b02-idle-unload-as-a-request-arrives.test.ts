import { expect, it } from 'vitest'
import type { EmbedResult } from '../../src/index.ts'
import { finish, stage, untilSettled, watch, type Watched } from './harness.ts'

/** When the request arrives, in milliseconds after the idle timer is due. */
const AFTER_MS = [-1, 0, 1, 50, 99, 100, 101]

it.each(AFTER_MS)(
  'B2 an idle unload is due and a request arrives %i ms after it: served',
  async (afterMs) => {
    const s = await stage({ m: { keepAlive: 10 } })
    s.engine.script('m', { loadMs: 200, closeMs: 100, runMs: 10 })
    let late: Watched<EmbedResult> | undefined
    // Set before the runtime has set anything, so that in the same millisecond it comes first.
    s.clock.callAt(10_210 + afterMs, () => (late = watch(s.runtime.embed('m', 'late'))))
    const first = s.runtime.embed('m', 'first')
    await s.clock.advanceAsync(210)
    await first
    await s.clock.advanceAsync(11_000)
    expect(late?.outcome).toMatchObject({ servedBy: 'm:int8@cpu' })
    // Up to the moment at which it is due the model is kept; after that it is loaded once more, never more often.
    expect(s.engine.counts.loads).toBe(afterMs <= 0 ? 1 : 2)
    await finish(s)
  },
)

it('B2 the timer fires first in the same millisecond, and ten requests come behind it: one reload', async () => {
  const s = await stage({ m: { keepAlive: 10 } })
  s.engine.script('m', { loadMs: 200, closeMs: 100 })
  await untilSettled(s, [watch(s.runtime.embed('m', 'first'))])
  await s.clock.advanceAsync(10_000)
  expect(s.runtime.status('m').state).toBe('unloading')
  const requests = Array.from({ length: 10 }, (_, n) => watch(s.runtime.embed('m', `late ${n}`)))
  await s.clock.advanceAsync(300)
  for (const { outcome } of requests) expect(outcome).toMatchObject({ generation: 2 })
  expect(s.engine.counts.loads).toBe(2)
  await finish(s)
})
