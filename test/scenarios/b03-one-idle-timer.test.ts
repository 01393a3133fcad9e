import { expect, it } from 'vitest'
import { finish, releaseAll, stage, take } from './harness.ts'

it('B3 rescheduling an unload leaves exactly one timer, and it comes once, after the last use', async () => {
  const s = await stage({ m: { keepAlive: 60 } })
  for (let n = 0; n < 1_000; n++) {
    releaseAll(await take(s, 1 + (n % 5), 'm'))
    expect(s.clock.pendingTimers).toBe(1)
    await s.clock.advanceAsync(n % 7)
  }
  const lastReleaseAtMs = s.clock.nowMs() - (999 % 7)
  const unloadedAtMs: number[] = []
  s.runtime.on('unload', () => void unloadedAtMs.push(s.clock.nowMs()))
  await s.clock.advanceAsync(600_000)
  expect(unloadedAtMs).toEqual([lastReleaseAtMs + 60_000])
  expect(s.clock.pendingTimers).toBe(0)
  await finish(s)
})

it('B3 an unload that was cancelled, by a use or a pin, never fires', async () => {
  const s = await stage({ m: { keepAlive: 60 } })
  releaseAll(await take(s, 1, 'm'))
  await s.clock.advanceAsync(59_999)
  const lease = await s.runtime.lease('m')
  await s.clock.advanceAsync(100_000)
  expect(s.runtime.status('m').state).toBe('ready')
  lease.release()
  s.runtime.pin('m')
  await s.clock.advanceAsync(1_000_000)
  expect(s.runtime.status('m')).toMatchObject({ state: 'ready', isPinned: true })
  expect(s.clock.pendingTimers).toBe(0)
  s.runtime.pin('m', false)
  await s.clock.advanceAsync(59_999)
  expect(s.runtime.status('m').state).toBe('ready')
  await s.clock.advanceAsync(1)
  expect(s.runtime.status('m').state).toBe('unloaded')
  expect(s.engine.counts).toMatchObject({ loads: 1, closed: 1 })
  await finish(s)
})
