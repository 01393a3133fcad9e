import { expect } from 'vitest'
import { finish, stage, watch } from '../../scenarios/harness.ts'
import { BatchStage, textOf } from './batch-stage.ts'
import { replay } from './replay.ts'

replay(
  "F22 the caller's deadline passes while it waits for a place: never inferred (infinity 546)",
  async (random) => {
    const s = await stage({ m: { maxConcurrentUses: 1 } })
    s.engine.script('m', { loadMs: random.below(500), runMs: 1_000 })
    const asked = Array.from({ length: 6 }, (_, n) => {
      const deadlineMs = 300 + random.below(5_000)
      return { deadlineMs, use: watch(s.runtime.embed('m', `text ${n}`, { deadlineMs })) }
    })
    await s.clock.advanceAsync(20_000)
    const expired = asked.filter(({ use }) => use.outcome instanceof Error)
    for (const { use, deadlineMs } of expired)
      expect(use.outcome).toMatchObject({ code: 'DEADLINE_EXCEEDED', status: 504, waitedMs: deadlineMs })
    expect(s.engine.counts.runs).toBe(asked.length - expired.length)
    expect(expired.length).toBeGreaterThan(0)
    await finish(s)
  },
)

replay('F22 the deadline passes while a text waits for a batch: never inferred', async (random) => {
  const s = new BatchStage({ maxRuns: 1, maxPaddedTokens: 16 })
  const patient = Array.from({ length: 20 }, (_, n) => s.request([textOf(n, 10)]))
  await s.clock.advanceAsync(1)
  const deadlines = Array.from({ length: 20 }, () => 5 + random.below(150))
  const hurried = deadlines.map((deadlineInMs, n) => s.request([textOf(100 + n, 10)], deadlineInMs))
  await s.untilIdle()
  for (const id of patient) expect(s.wasExpired(id)).toBe(false)
  const run = new Set(s.runs.flat())
  for (const [n, id] of hurried.entries())
    expect(run.has(textOf(100 + n, 10)), `deadline ${deadlines[n]}`).toBe(!s.wasExpired(id))
  // 20 runs of 10 ms are ahead of them: whoever had less time than that is told so.
  expect(hurried.every((id) => s.wasExpired(id))).toBe(true)
})
