import { expect, it } from 'vitest'
import { createRuntime, type EmbedResult } from '../../../src/index.ts'
import { fakeHash, readFakeVector } from '../../../src/testing/index.ts'
import { finish, stage, watch, type Watched } from '../../scenarios/harness.ts'
import { REAL_MODEL, sentences } from '../../scenarios/real-model.ts'
import { replay } from './replay.ts'

replay(
  "F26 a model's version is replaced under load: no failed request, one version each (triton 5757)",
  async (random) => {
    const s = await stage({ m: { revision: 'v0' } })
    const scripts = Array.from({ length: 30 }, () => ({
      loadMs: random.below(400),
      runMs: () => random.below(300),
      closeMs: random.below(100),
    }))
    s.engine.script('m', ...scripts)
    await Promise.all([s.runtime.load('m'), s.clock.advanceAsync(400)])
    const uses: Watched<EmbedResult>[] = []
    for (let version = 1; version <= 25; version++) {
      const swapping = watch(s.runtime.swap('m', { revision: `v${version}` }))
      const count = 5 + random.below(20)
      for (let n = 0; n < count; n++) {
        uses.push(watch(s.runtime.embed('m', [`a ${n}`, `b ${n}`])))
        await s.clock.advanceAsync(random.below(40))
      }
      await s.clock.advanceAsync(400)
      expect(swapping.outcome).toBeUndefined()
      expect(s.runtime.status('m').servedBy).toBe(`m#v${version}:int8@cpu`)
    }
    await s.clock.advanceAsync(1_000)
    for (const { outcome } of uses) {
      const { vectors, servedBy } = outcome as EmbedResult
      const origins = vectors.map(readFakeVector)
      expect(origins.map(({ keyHash }) => keyHash)).toEqual([fakeHash(servedBy), fakeHash(servedBy)])
      expect(new Set(origins.map(({ load }) => load)).size).toBe(1)
    }
    expect(s.engine.counts).toMatchObject({ loaded: 26, resident: 1, killed: 0 })
    await finish(s)
  },
)

it('F26 a real model: replaced under load, no failed request, the same vectors throughout', async () => {
  await using runtime = await createRuntime({ models: { m: { source: REAL_MODEL } } })
  const texts = sentences(8)
  const { vectors } = await runtime.embed('m', texts)
  const over = new AbortController()
  const generations = new Set<number>()
  const caller = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const answer = await runtime.embed('m', texts)
      generations.add(answer.generation)
      expect(answer.vectors).toEqual(vectors)
    }
  }
  const callers = Array.from({ length: 4 }, caller)
  for (let version = 1; version <= 3; version++) {
    await runtime.swap('m', { revision: `v${version}` })
    while (!generations.has(version + 1)) await runtime.embed('m', texts[0] ?? '')
  }
  over.abort()
  await Promise.all(callers)
  expect(generations).toEqual(new Set([1, 2, 3, 4]))
})
