import { expect, it } from 'vitest'
import { LeaseReleasedError, ShutdownError } from '../../src/index.ts'
import { askFor, finish, isPending, stage, untilSettled, watch } from '../scenarios/harness.ts'

it('a second release has no effect', async () => {
  const s = await stage({ m: { maxConcurrent: 1 } })
  const first = await s.runtime.lease('m')
  const [second, third] = askFor(s, 2, 'm')
  first.release()
  first.release()
  first[Symbol.dispose]()
  await s.clock.settle()
  expect(second && isPending(second)).toBe(false)
  expect(third && isPending(third)).toBe(true)
  expect(s.runtime.status('m')).toMatchObject({ concurrentAccessCount: 1, queuedRequests: 1 })
  for (const waiter of [second, third]) (await waiter?.promise)?.release()
  await finish(s)
})

it('a lease that was released gives no model any more, and says so', async () => {
  const s = await stage({ m: {} })
  const lease = await s.runtime.lease('m')
  lease.release()
  expect(() => lease.model).toThrow(LeaseReleasedError)
  expect(() => lease.model).toThrow('take a new one')
  expect(lease).toMatchObject({ generation: 1, servedBy: 'm:int8@cpu' })
  await finish(s)
})

it('withLease releases whatever happens', async () => {
  const s = await stage({ m: {} })
  expect(await s.runtime.withLease('m', ({ generation }) => generation)).toBe(1)
  const failure = new Error('in the middle')
  await expect(s.runtime.withLease('m', () => Promise.reject(failure))).rejects.toBe(failure)
  await expect(
    s.runtime.withLease('m', () => {
      throw failure
    }),
  ).rejects.toBe(failure)
  expect(s.runtime.status('m').concurrentAccessCount).toBe(0)
  await finish(s)
})

it('after close every verb says that the runtime is closing, and a release does no harm', async () => {
  const s = await stage({ m: {} })
  const held = await s.runtime.lease('m')
  await untilSettled(s, [watch(s.runtime.close({ graceMs: 0 }))])
  held.release()
  for (const verb of [
    () => s.runtime.lease('m'),
    () => s.runtime.embed('m', 'a text'),
    () => s.runtime.load('m'),
    () => s.runtime.swap('m', '/other'),
  ])
    await expect(verb()).rejects.toBeInstanceOf(ShutdownError)
  expect(await s.runtime.unload('m')).toBe(false)
  expect(s.runtime.cancelLoading('m')).toBe(false)
  s.runtime.configure('m', { maxConcurrent: 3 })
  s.runtime.pin('m')
  expect(s.runtime.status('m')).toMatchObject({ state: 'unloaded', concurrentAccessCount: 0 })
  expect(s.runtime.readiness().ready).toBe(false)
  await finish(s)
})
