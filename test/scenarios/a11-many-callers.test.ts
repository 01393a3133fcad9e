import { expect, it } from 'vitest'
import { createRuntime } from '../../src/index.ts'
import { REAL_MODEL, residentMemoryIn, sentences } from './real-model.ts'

it('A11 a real model, 64 concurrent callers: the same vectors as one caller alone', async () => {
  await using runtime = await createRuntime({ models: { m: { source: REAL_MODEL } } })
  const texts = sentences(64)
  const alone: Float32Array[] = []
  for (const text of texts) alone.push(...(await runtime.embed('m', text)).vectors)
  const together = await Promise.all(texts.map((text) => runtime.embed('m', text)))
  expect(new Set(together.map(({ generation }) => generation))).toEqual(new Set([1]))
  for (const [index, { vectors }] of together.entries()) expect(vectors[0]).toEqual(alone[index])
  expect(runtime.status('m')).toMatchObject({ concurrentAccessCount: 0, queuedRequests: 0 })
})

it('A11 a real model, 64 concurrent callers: one copy in memory', async () => {
  const { bare = 0, one = 0, many = 0 } = await residentMemoryIn('callers')
  expect((many - bare) / (one - bare)).toBeLessThan(1.5)
})
