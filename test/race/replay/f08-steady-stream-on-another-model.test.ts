import { expect } from 'vitest'
import { finish, stage, watch, type Stage } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

/** A request of 100 ms every 50 ms: the model is never idle. */
function stream(s: Stage, model: string, untilMs: number): void {
  for (let atMs = s.clock.nowMs(); atMs < untilMs; atMs += 50)
    s.clock.callAt(atMs, () => void s.runtime.embed(model, `at ${atMs}`).catch(() => {}))
}

replay(
  'F8 a steady stream on X and one request for Y: Y has its turn in time (llama-swap 612)',
  async (random) => {
    const s = await stage({ x: { slot: 'one' }, y: { slot: 'one' } })
    s.engine.script('x', { loadMs: 100, runMs: 100 })
    s.engine.script('y', { loadMs: 100, runMs: 100 })
    stream(s, 'x', 20_000)
    await s.clock.advanceAsync(3_000 + random.below(3_000))
    const onY = watch(s.runtime.embed('y', 'once'))
    // The bound on its wait, what runs on X, its load, its run.
    await s.clock.advanceAsync(5_000 + 100 + 100 + 100)
    expect(onY.outcome).toMatchObject({ servedBy: 'y:int8@cpu' })
    await s.clock.advanceAsync(20_000)
    expect(s.events.request.filter(({ outcome }) => outcome !== 'ok')).toEqual([])
    await finish(s)
  },
)

replay('F8 a steady stream on both: the swaps of a minute are bounded, nobody fails', async (random) => {
  const s = await stage({ x: { slot: 'one' }, y: { slot: 'one' } })
  s.engine.script('x', { loadMs: 100, runMs: 100 })
  s.engine.script('y', { loadMs: 100, runMs: 100 })
  stream(s, 'x', 60_000)
  await s.clock.advanceAsync(random.below(50))
  stream(s, 'y', 60_000)
  await s.clock.advanceAsync(80_000)
  expect(s.events.request.length).toBeGreaterThan(2_000)
  expect(s.events.request.filter(({ outcome }) => outcome !== 'ok')).toEqual([])
  // One for each `maxSwapWaitMs`, and the last ones when the streams end.
  expect(s.engine.counts.loads).toBeLessThanOrEqual(60_000 / 5_000 + 2)
  await finish(s)
})
