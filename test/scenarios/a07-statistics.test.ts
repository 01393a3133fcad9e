import { expect, it } from 'vitest'
import { askFor, finish, releaseAll, stage, take, watch } from './harness.ts'

it('A7 statistics: leases, maximum, queue, loading and last access follow what happens', async () => {
  const s = await stage({ m: { maxConcurrent: 3 } })
  s.engine.script('m', {
    loadMs: 1_000,
    progress: [{ atMs: 400, fraction: 0.4 }],
    memoryBytes: 42_000_000,
    runMs: 50,
  })
  const status = () => s.runtime.status('m')
  expect(status()).toMatchObject({
    state: 'unloaded',
    isLoading: false,
    memoryBytes: 0,
    maxConcurrentAccess: 3,
  })
  expect(status()).not.toHaveProperty('lastAccessTime')

  const asked = askFor(s, 5, 'm')
  await s.clock.advanceAsync(400)
  expect(status()).toMatchObject({ state: 'loading', isLoading: true, progress: 0.4, queuedRequests: 5 })
  await s.clock.advanceAsync(600)
  expect(status()).toMatchObject({
    state: 'ready',
    isLoading: false,
    servedBy: 'm:int8@cpu',
    generation: 1,
    concurrentAccessCount: 3,
    queuedRequests: 2,
    memoryBytes: 42_000_000,
    lastAccessTime: s.clock.wallMs(),
  })

  const use = s.runtime.embed('m', 'a text')
  expect(status()).toMatchObject({ concurrentAccessCount: 4, queuedRequests: 2 })
  await s.clock.advanceAsync(50)
  await use
  expect(status()).toMatchObject({ concurrentAccessCount: 3, lastAccessTime: s.clock.wallMs() })

  for (const { promise } of asked) {
    await s.clock.advanceAsync(10)
    ;(await promise).release()
    expect(status().lastAccessTime).toBe(s.clock.wallMs())
  }
  expect(status()).toMatchObject({ concurrentAccessCount: 0, queuedRequests: 0 })
  await finish(s)
})

it('A7 statistics: timeouts are counted by their kind, and every counter returns to zero', async () => {
  const s = await stage({ m: { maxConcurrent: 1, accessTimeoutMs: 5_000, waitTimeoutMs: 1_000 } })
  s.engine.script('m', { loadMs: 2_000 })
  const owner = watch(s.runtime.lease('m'))
  const joiner = watch(s.runtime.lease('m'))
  await s.clock.advanceAsync(2_000)
  const held = await owner.promise
  expect(joiner.outcome).toMatchObject({ code: 'WAIT_TIMEOUT' })
  const waiting = askFor(s, 3, 'm')
  const controller = new AbortController()
  const leaver = watch(s.runtime.lease('m', { signal: controller.signal }))
  expect(s.runtime.status('m').queuedRequests).toBe(4)
  controller.abort()
  expect(s.runtime.status('m').queuedRequests).toBe(3)
  await s.clock.advanceAsync(5_000)
  expect(leaver.outcome).toBe(controller.signal.reason)
  for (const { outcome } of waiting) expect(outcome).toMatchObject({ code: 'ACCESS_TIMEOUT' })
  const { warnings, models } = await s.runtime.monitor.snapshot()
  expect(warnings).toMatchObject({ ACCESS_TIMEOUT: 3, WAIT_TIMEOUT: 1 })
  expect(models[0]).toMatchObject({ queuedRequests: 0, concurrentAccessCount: 1, loads: { loaded: 1 } })
  held.release()
  const text = (await s.runtime.metrics()).text
  expect(text).toMatch(/leasehold_\w+\{model="m"\}/)
  releaseAll(await take(s, 1, 'm'))
  await finish(s)
  expect((await s.runtime.monitor.snapshot()).models[0]).toMatchObject({
    queuedRequests: 0,
    concurrentAccessCount: 0,
    memoryBytes: 0,
  })
})
