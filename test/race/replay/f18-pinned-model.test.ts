import { expect } from 'vitest'
import { finish, isPending, stage, untilSettled, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay('F18 a pinned model, idle and under pressure: it stays (localai 11101)', async (random) => {
  const s = await stage(
    { pinned: { pin: true, keepAlive: 1 }, other: {}, third: {} },
    { memoryBudgetBytes: 130e6 },
  )
  for (const name of ['pinned', 'other', 'third']) s.engine.script(name, { memoryBytes: 60e6, runMs: 10 })
  await untilSettled(s, [watch(s.runtime.embed('pinned', 'once'))])
  await s.clock.advanceAsync(60_000 + random.below(60_000))
  await untilSettled(s, [watch(s.runtime.embed('other', 'later'))])
  await s.clock.advanceAsync(random.below(10_000))
  // The pinned one was used longest ago, and all the same the other one goes.
  await untilSettled(s, [watch(s.runtime.embed('third', 'presses'))])
  expect(s.events.unload).toMatchObject([{ model: 'other', reason: 'evicted' }])
  const held = await s.runtime.lease('third')
  const waiting = watch(s.runtime.lease('other', { deadlineMs: 20_000 }))
  await s.clock.advanceAsync(19_999)
  expect(isPending(waiting)).toBe(true)
  await s.clock.advanceAsync(1)
  expect(s.runtime.status('pinned')).toMatchObject({ state: 'ready', generation: 1, isPinned: true })
  held.release()
  await finish(s)
})
