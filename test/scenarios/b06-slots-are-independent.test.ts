import { expect, it } from 'vitest'
import { askFor, finish, isPending, releaseAll, stage, take, watch } from './harness.ts'

it("B6 slots do not wait for each other's loads", async () => {
  const s = await stage({ embedder: {}, reranker: {} })
  s.engine.script('reranker', { loadMs: 25_000 })
  const slow = watch(s.runtime.lease('reranker'))
  releaseAll(await take(s, 10, 'embedder'))
  expect(s.clock.nowMs()).toBe(0)
  await s.clock.advanceAsync(25_000)
  ;(await slow.promise).release()
  await finish(s)
})

it("B6 slots do not wait for each other's limits and queues", async () => {
  const s = await stage({ embedder: { maxConcurrent: 1, maxQueue: 1 }, reranker: { maxConcurrent: 1 } })
  const held = await take(s, 1, 'embedder')
  const [queued, refused] = askFor(s, 2, 'embedder')
  const other = await take(s, 1, 'reranker', { whenFull: 'reject' })
  await s.clock.settle()
  expect(refused?.outcome).toMatchObject({ code: 'QUEUE_FULL' })
  expect(queued && isPending(queued)).toBe(true)
  s.runtime.configure('embedder', { maxConcurrent: 5, accessTimeoutMs: 7 })
  expect(s.runtime.status('reranker')).toMatchObject({ maxConcurrentAccess: 1, accessTimeoutMs: 30_000 })
  ;(await queued?.promise)?.release()
  releaseAll([...held, ...other])
  await finish(s)
})

it("B6 slots do not wait for each other's swaps, unloads and failures", async () => {
  const s = await stage({ embedder: { loadingTimeoutMs: 1_000 }, reranker: {} })
  s.engine.script('embedder', { closeMs: 5_000 }, { loadMs: Infinity })
  await s.runtime.load('embedder')
  const unloading = s.runtime.unload('embedder')
  const waiting = watch(s.runtime.lease('embedder'))
  for (let n = 0; n < 20; n++) {
    const atMs = s.clock.nowMs()
    releaseAll(await take(s, 1, 'reranker'))
    expect(s.clock.nowMs()).toBe(atMs)
    await s.clock.advanceAsync(500)
  }
  await unloading
  expect(waiting.outcome).toMatchObject({ code: 'LOADING_TIMEOUT' })
  expect(s.runtime.status('reranker')).toMatchObject({ state: 'ready', generation: 2 })
  await finish(s)
})

it("B6 reranking with a model of its own waits for nothing of the embedder's, and has an idle clock of its own", async () => {
  const s = await stage({ embedder: { keepAlive: '1h' }, reranker: { keepAlive: '5s' } })
  s.engine.script('embedder', { runMs: Infinity, tasks: ['embed'] })
  s.engine.script('reranker', { tasks: ['rerank'] })
  const leaving = new AbortController()
  const stuck = Array.from({ length: 1_000 }, () =>
    watch(s.runtime.embed('embedder', 'text', { signal: leaving.signal })),
  )
  await s.clock.settle()
  expect(stuck.filter(isPending).length).toBeGreaterThan(500)
  for (let n = 0; n < 5; n++) {
    const { results } = await s.runtime.rerank('reranker', 'a b', ['b', 'a b'])
    expect(results.map(({ index }) => index)).toEqual([1, 0])
  }
  expect(s.clock.nowMs()).toBe(0)
  await s.clock.advanceAsync(6_000)
  expect(s.runtime.status('reranker')).toMatchObject({ state: 'unloaded', lastUnloadReason: 'idle' })
  expect(s.runtime.status('embedder').state).toBe('ready')
  leaving.abort(new Error('gone'))
  await finish(s)
})

it('B6 a model that embeds and reranks is one resident', async () => {
  const s = await stage({ embedder: {} })
  const [{ generation }, reranked] = await Promise.all([
    s.runtime.embed('embedder', 'text'),
    s.runtime.rerank('embedder', 'text', ['text']),
  ])
  expect(reranked.generation).toBe(generation)
  expect(s.engine.counts.loads).toBe(1)
  expect(s.runtime.status('embedder').tasks).toEqual(['embed', 'rerank'])
  await finish(s)
})
