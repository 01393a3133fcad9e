import { expect, it } from 'vitest'
import { fakeHash, readFakeVector } from '../../src/testing/index.ts'
import type { EmbedResult } from '../../src/index.ts'
import { finish, isPending, stage, watch, type Watched } from './harness.ts'

function keyHashOf({ outcome }: Watched<EmbedResult>): number {
  const [vector] = (outcome as EmbedResult).vectors
  return readFakeVector(vector as Float32Array).keyHash
}

it('B4 another model in the slot: the first finishes on what it leased, the second waits for it', async () => {
  const s = await stage({ a: { slot: 'one' }, b: { slot: 'one' } })
  s.engine.script('a', { runMs: 20_000 })
  s.engine.script('b', { loadMs: 500, runMs: 100 })
  const onA = watch(s.runtime.embed('a', 'for a'))
  const lease = await s.runtime.lease('a')
  const onB = watch(s.runtime.embed('b', 'for b'))
  await s.clock.advanceAsync(20_000)
  expect(keyHashOf(onA)).toBe(fakeHash('a:int8@cpu'))
  expect(isPending(onB)).toBe(true)
  expect(lease).toMatchObject({ generation: 1, servedBy: 'a:int8@cpu' })
  expect(lease.model).toBe(s.engine.models[0])
  expect(s.engine.models[0]?.state).toBe('open')
  lease.release()
  await s.clock.advanceAsync(600)
  expect(keyHashOf(onB)).toBe(fakeHash('b:int8@cpu'))
  expect((onB.outcome as EmbedResult).generation).toBe(2)
  await finish(s)
})

it('B4 another version of the same model: it overlaps, and each request is answered by one version', async () => {
  const s = await stage({ m: { revision: 'v1' } })
  s.engine.script('m', { loadMs: 1_000, runMs: 700 })
  await Promise.all([s.runtime.load('m'), s.clock.advanceAsync(1_000)])
  const held = await s.runtime.lease('m')
  const before = watch(s.runtime.embed('m', ['x', 'y', 'z']))
  const swapping = watch(s.runtime.swap('m', { revision: 'v2' }))
  const meanwhile: Watched<EmbedResult>[] = []
  for (let n = 0; n < 20; n++) {
    await s.clock.advanceAsync(100)
    meanwhile.push(watch(s.runtime.embed('m', [`a ${n}`, `b ${n}`])))
  }
  await s.clock.advanceAsync(700)
  expect(swapping.outcome).toBeUndefined()
  for (const { outcome } of [before, ...meanwhile]) {
    const { vectors, servedBy, generation } = outcome as EmbedResult
    const origins = vectors.map(readFakeVector)
    expect(new Set(origins.map(({ load }) => load))).toEqual(new Set([generation]))
    expect(new Set(origins.map(({ keyHash }) => keyHash))).toEqual(new Set([fakeHash(servedBy)]))
  }
  // Until the new one is ready the old one serves; nobody waited for the swap.
  const generations = meanwhile.map(({ outcome }) => (outcome as EmbedResult).generation)
  expect(generations).toEqual([...Array<number>(9).fill(1), ...Array<number>(11).fill(2)])
  expect(held).toMatchObject({ generation: 1 })
  expect(held.model).toBe(s.engine.models[0])
  expect(s.engine.models[0]?.state).toBe('open')
  held.release()
  await s.clock.settle()
  expect(s.engine.models[0]?.state).toBe('closed')
  await finish(s)
})
