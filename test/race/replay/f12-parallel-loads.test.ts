import { expect } from 'vitest'
import { askFor, finish, stage } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

replay('F12 loads of different models run in parallel, up to a limit (ray 65346)', async (random) => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const maxParallelLoads = 2 + random.below(2)
  const s = await stage(Object.fromEntries(names.map((name) => [name, {}])), { maxParallelLoads })
  for (const name of names) s.engine.script(name, { loadMs: 1_000 })
  const asked = names.flatMap((name) => askFor(s, 3, name))
  await s.clock.advanceAsync(999)
  expect(s.engine.counts).toMatchObject({ loads: maxParallelLoads, loading: maxParallelLoads })
  await s.clock.advanceAsync(1)
  expect(s.engine.counts.loading).toBe(Math.min(maxParallelLoads, names.length - maxParallelLoads))
  expect(s.engine.counts.loaded).toBe(maxParallelLoads)
  await s.clock.advanceAsync(5_000)
  for (const { promise } of asked) (await promise).release()
  expect(s.engine.counts.loads).toBe(names.length)
  await finish(s)
})
