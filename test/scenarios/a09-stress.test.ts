import { expect, it } from 'vitest'
import { createRuntime, LeaseholdError } from '../../src/index.ts'
import type { FakeScript } from '../../src/testing/index.ts'
import { Crowd } from './crowd.ts'
import { finish, stage, type Stage } from './harness.ts'
import { Random } from './random.ts'
import { REAL_MODEL, sentences } from './real-model.ts'

const CALLERS = 10_000
const MEMORY_BUDGET_BYTES = 130e6
/** `a` and `b` displace each other; of `c` and `d` there is room for one at a time beside what is in the slot. */
const MEMORY_BYTES = new Map([
  ['a', 60_000_000],
  ['b', 45_000_000],
  ['c', 60_000_000],
  ['d', 50_000_000],
])
const slotOf = (model: string): string => (model === 'a' || model === 'b' ? 'shared' : model)

function scriptOf(random: Random, memoryBytes: number): FakeScript {
  return {
    memoryBytes,
    loadMs: random.below(1_500),
    closeMs: random.below(200),
    abortMs: random.below(1_500),
    runMs: () => random.below(random.chance(0.04) ? 6_000 : 120),
    runError: () => (random.chance(0.02) ? new Error('run failed') : undefined),
    ...(random.chance(0.15) && { loadError: new Error('load failed') }),
  }
}

/** Sets what happens and when; everything else follows. */
function schedule(s: Stage, random: Random, crowd: Crowd, limits: Map<string, number>): void {
  const { clock, runtime, engine } = s
  let atMs = 0
  for (let n = 0; n < CALLERS; n++) {
    // They come in bursts, with pauses in which models become idle.
    if (random.chance(0.1)) atMs += random.below(1_000)
    if (random.chance(0.002)) atMs += 20_000
    clock.callAt(atMs, () => crowd.arrive())
    if (random.chance(0.01)) {
      clock.callAt(atMs, () => {
        const model = random.pick(['a', 'c', 'd'])
        const maxConcurrent = 1 + random.below(6)
        limits.set(slotOf(model), maxConcurrent)
        runtime.configure(model, { maxConcurrent, maxQueue: 20 + random.below(200) })
      })
    }
    if (random.chance(0.003)) clock.callAt(atMs, () => engine.models.at(-1)?.die())
    if (random.chance(0.003)) clock.callAt(atMs, () => void runtime.unload(random.pick(['a', 'b', 'c', 'd'])))
    if (random.chance(0.003)) clock.callAt(atMs, () => void runtime.cancelLoading(random.pick(['a', 'c'])))
  }
}

it.each([1, 2])('A9 stress: 10,000 tasks, and the invariants hold throughout (seed %i)', async (seed) => {
  const random = new Random(seed)
  const limits = new Map([...new Set([...MEMORY_BYTES.keys()].map(slotOf))].map((slot) => [slot, 4]))
  const s = await stage(
    {
      a: { slot: 'shared', fallback: [{ dtype: 'q4' }] },
      b: { slot: 'shared' },
      c: { fallback: [{ dtype: 'q4' }] },
      d: { keepAlive: 1 },
    },
    {
      memoryBudgetBytes: MEMORY_BUDGET_BYTES,
      maxConcurrent: 4,
      maxConcurrentUses: 8,
      maxQueue: 100,
      accessTimeoutMs: 10_000,
      loadingTimeoutMs: 1_400,
      useTimeoutMs: 2_500,
      keepAlive: 3,
    },
  )
  for (const [model, memoryBytes] of MEMORY_BYTES)
    s.engine.script(model, ...Array.from({ length: 2_000 }, () => scriptOf(random, memoryBytes)))
  const memoryBudgetBytes = MEMORY_BUDGET_BYTES
  const models = [...MEMORY_BYTES.keys()]
  const crowd = new Crowd(s, random, {
    models,
    limits,
    slotOf,
    memoryBytes: MEMORY_BYTES,
    memoryBudgetBytes,
  })
  schedule(s, random, crowd, limits)
  while (await s.clock.advanceToNextTimer()) crowd.check()

  expect(crowd.present).toBe(0)
  expect([...crowd.ends.values()].reduce((sum, count) => sum + count, 0)).toBe(CALLERS)
  const expected = ['ok', 'left', 'ACCESS_TIMEOUT', 'CONCURRENCY_LIMIT', 'QUEUE_FULL', 'DEADLINE_EXCEEDED']
  const failures = ['MODEL_LOAD', 'LOADING_TIMEOUT', 'LOAD_CANCELLED', 'INFERENCE']
  const others = ['OVERLOADED', 'LEASE_REVOKED', 'run failed', 'The fake model died.']
  for (const how of [...expected, ...failures]) expect([...crowd.ends.keys()]).toContain(how)
  for (const how of crowd.ends.keys()) expect([...expected, ...failures, ...others]).toContain(how)
  const reasons = new Set(s.events.unload.map(({ reason }) => reason))
  expect(reasons).toEqual(new Set(['idle', 'evicted', 'swapped', 'requested', 'lost']))
  await finish(s)
})

it('A9 stress on a real model: aborts, deadlines, unloads and swaps; right vectors or a clear error for each', async () => {
  const random = new Random(9)
  const texts = sentences(40)
  await using runtime = await createRuntime({
    models: { m: { source: REAL_MODEL, maxConcurrentUses: 24, maxQueue: 60 } },
  })
  const right = (await runtime.embed('m', texts)).vectors
  const ends = new Map<string, number>()
  const call = async (): Promise<void> => {
    const first = random.below(texts.length - 4)
    const signal = random.chance(0.2) ? AbortSignal.timeout(random.below(40)) : undefined
    const deadlineMs = random.chance(0.2) ? 1 + random.below(60) : undefined
    let end = 'ok'
    try {
      const { vectors } = await runtime.embed('m', texts.slice(first, first + 4), { signal, deadlineMs })
      expect(vectors).toEqual(right.slice(first, first + 4))
    } catch (error) {
      end = error instanceof LeaseholdError ? error.code : (error as Error).name
    }
    ends.set(end, (ends.get(end) ?? 0) + 1)
  }
  for (let round = 0; round < 4; round++) {
    const calls: Promise<unknown>[] = Array.from({ length: 100 }, call)
    if (round % 2 === 0) calls.push(runtime.unload('m'))
    else calls.push(runtime.swap('m', { revision: `v${round}` }))
    await Promise.all(calls)
    expect(runtime.status('m')).toMatchObject({ concurrentAccessCount: 0, queuedRequests: 0 })
  }
  expect([...ends.values()].reduce((sum, count) => sum + count, 0)).toBe(400)
  expect(ends.get('ok')).toBeGreaterThan(50)
  const allowed = ['ok', 'TimeoutError', 'DEADLINE_EXCEEDED', 'OVERLOADED', 'QUEUE_FULL']
  for (const end of ends.keys()) expect(allowed).toContain(end)
})
