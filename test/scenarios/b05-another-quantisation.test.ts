import { expect, it } from 'vitest'
import { fakeHash, readFakeVector } from '../../src/testing/index.ts'
import { finish, releaseAll, stage } from './harness.ts'

it('B5 the same name with another quantisation is another key: it is loaded by itself', async () => {
  const s = await stage({ m: { dtype: 'int8' } })
  const int8 = await s.runtime.lease('m')
  const asking = s.runtime.lease('m', { dtype: 'fp32' })
  await s.clock.advanceAsync(1_000)
  const fp32 = await asking
  expect(int8.key).toEqual({ name: 'm', revision: '', dtype: 'int8', device: 'cpu' })
  expect(fp32.key).toEqual({ name: 'm', revision: '', dtype: 'fp32', device: 'cpu' })
  expect(fp32.generation).not.toBe(int8.generation)
  expect(fp32.model).not.toBe(int8.model)
  const loaded = s.events.load.filter(({ outcome }) => outcome === 'loaded')
  expect(loaded.map(({ key }) => key)).toEqual(['m:int8@cpu', 'm:fp32@cpu'])
  releaseAll([fp32, int8])
  await finish(s)
})

it('B5 an explicit quantisation is never answered by another, whoever else is served meanwhile', async () => {
  const s = await stage({ m: { dtype: 'int8' } })
  s.engine.script('m', { loadMs: 100, runMs: 50 })
  const dtypes = ['int8', 'fp32', undefined, 'fp16', 'fp32', undefined, 'int8', 'fp16'] as const
  const asked = dtypes.map((dtype) => s.runtime.embed('m', 'a text', { dtype }))
  await s.clock.advanceAsync(29_000)
  for (const [index, { servedBy, vectors }] of (await Promise.all(asked)).entries()) {
    expect(servedBy).toBe(`m:${dtypes[index] ?? 'int8'}@cpu`)
    expect(readFakeVector(vectors[0] as Float32Array).keyHash).toBe(fakeHash(servedBy))
  }
  // Those who want the same key are served together.
  expect(s.engine.counts.loads).toBe(3)
  await finish(s)
})
