import { expect, it } from 'vitest'
import { createRuntime } from '../../src/index.ts'
import { finish, releaseAll, stage, take } from './harness.ts'
import { REAL_MODEL } from './real-model.ts'

const noDevice = new Error('no CUDA device')
const noFile = new Error('no such file')

it('A13 fallback: the preferred device fails, the CPU serves, the status and the reply say so', async () => {
  const s = await stage({ m: { device: 'cuda' } })
  s.engine.script('m:int8@cuda', { loadMs: 100, loadError: noDevice })
  s.engine.script('m:int8@cpu', { loadMs: 100 })
  const asked = s.runtime.embed('m', ['a text'])
  await s.clock.advanceAsync(200)
  const { servedBy, generation } = await asked
  expect({ servedBy, generation }).toEqual({ servedBy: 'm:int8@cpu', generation: 2 })
  expect(s.runtime.status('m')).toMatchObject({
    state: 'ready',
    servedBy: 'm:int8@cpu',
    servedByFallback: true,
    isLoading: false,
  })
  expect(s.warnings).toContainEqual(expect.objectContaining({ model: 'm', code: 'fallback' }))
  expect(s.events.load.map(({ key, outcome, isFallback }) => ({ key, outcome, isFallback }))).toEqual([
    { key: 'm:int8@cuda', outcome: 'started', isFallback: false },
    { key: 'm:int8@cuda', outcome: 'failed', isFallback: false },
    { key: 'm:int8@cpu', outcome: 'started', isFallback: true },
    { key: 'm:int8@cpu', outcome: 'loaded', isFallback: true },
  ])
  await finish(s)
})

it('A13 fallback: the preferred file fails, and the list is tried in its order', async () => {
  const s = await stage({ m: { dtype: 'fp32', fallback: [{ dtype: 'fp16' }, { dtype: 'int8' }] } })
  s.engine.script('m:fp32@cpu', { loadError: noFile })
  s.engine.script('m:fp16@cpu', { loadError: noFile })
  const lease = await s.runtime.lease('m')
  expect(lease.servedBy).toBe('m:int8@cpu')
  expect(s.events.load.map(({ key, outcome }) => `${key} ${outcome}`)).toEqual([
    'm:fp32@cpu started',
    'm:fp32@cpu failed',
    'm:fp16@cpu started',
    'm:fp16@cpu failed',
    'm:int8@cpu started',
    'm:int8@cpu loaded',
  ])
  lease.release()
  await finish(s)
})

it('A13 fallback: a try that takes too long gives way as well, each with a loading timeout of its own', async () => {
  const s = await stage({ m: { dtype: 'fp32', fallback: [{ dtype: 'int8' }], loadingTimeoutMs: 1_000 } })
  s.engine.script('m:fp32@cpu', { loadMs: Infinity })
  s.engine.script('m:int8@cpu', { loadMs: 900 })
  const asked = take(s, 1, 'm')
  await s.clock.advanceAsync(1_900)
  const [lease] = await asked
  expect(lease?.servedBy).toBe('m:int8@cpu')
  lease?.release()
  await finish(s)
})

it('A13 an explicit dtype is answered by nothing else, and the fallback stays in force for the others', async () => {
  const s = await stage({ m: { dtype: 'fp32', fallback: [{ dtype: 'int8' }] } })
  s.engine.script('m:fp32@cpu', { loadError: noFile })
  const lease = await s.runtime.lease('m')
  lease.release()
  await s.clock.advanceAsync(2_000)
  const error = await s.runtime.lease('m', { dtype: 'fp32' }).catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'MODEL_LOAD', cause: noFile })
  // Back-off is per key: it was neither cleared by the fallback, nor did it keep the fallback from serving.
  expect(s.engine.counts.loads).toBe(2)
  const leases = await take(s, 2, 'm')
  expect(leases.map(({ servedBy }) => servedBy)).toEqual(['m:int8@cpu', 'm:int8@cpu'])
  releaseAll(leases)
  await finish(s)
})

it('A13 all fail: every waiter gets the cause and when to come back', async () => {
  const s = await stage({ m: { dtype: 'fp32', fallback: [{ dtype: 'int8' }] } })
  s.engine.script('m', { loadError: noFile })
  const error = await s.runtime.lease('m').catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'MODEL_LOAD', status: 503, cause: noFile, retryAfterMs: 10_000 })
  expect(s.runtime.status('m')).toMatchObject({
    state: 'failed',
    lastError: 'no such file',
    nextRetryAt: s.clock.wallMs() + 10_000,
  })
  await finish(s)
})

it('A13 a real model: neither the device nor the file can be had; int8 on the CPU serves', async () => {
  const source = REAL_MODEL
  const models = {
    device: { source, device: 'cuda' as const },
    file: { source, dtype: 'fp32' as const, fallback: [{ dtype: 'int8' as const }] },
  }
  const warnings: string[] = []
  const logger = { warn: (_details: object, message: string) => void warnings.push(message) }
  await using runtime = await createRuntime({ models }, { logger })
  for (const name of ['device', 'file']) {
    const { servedBy, vectors } = await runtime.embed(name, 'a text')
    expect(servedBy).toBe(`${name}:int8@cpu`)
    expect(vectors[0]).toHaveLength(384)
    expect(runtime.status(name)).toMatchObject({ servedBy, servedByFallback: true, state: 'ready' })
  }
  expect(warnings).toHaveLength(2)
})
