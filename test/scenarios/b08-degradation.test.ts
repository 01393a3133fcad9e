import { expect, it } from 'vitest'
import { OverloadedError, QueueFullError } from '../../src/index.ts'
import { askFor, errorOf, finish, isPending, stage, type Stage, watch } from './harness.ts'

const HOLD_MS = 100

/** Measures the rate: 40 leases, one after the other, of 100 ms each. */
async function warmUp(s: Stage): Promise<void> {
  for (let n = 0; n < 40; n++) {
    const lease = await s.runtime.lease('m')
    await s.clock.advanceAsync(HOLD_MS)
    lease.release()
  }
}

/** Ends each lease `HOLD_MS` after it was granted. */
function holdEach(s: Stage, asked: readonly { promise: Promise<{ release(): void }> }[]): void {
  for (const { promise } of asked) {
    promise.then(
      (lease) => s.clock.callAt(s.clock.nowMs() + HOLD_MS, () => lease.release()),
      () => {},
    )
  }
}

it('B8 as load grows: first wait, then shed by priority, then reject; and back to normal by itself', async () => {
  const s = await stage({ m: { maxConcurrent: 1, maxQueue: 10 } })
  await warmUp(s)

  // Level 1: who comes waits, and is served.
  const waiting = askFor(s, 11, 'm', { priority: 5 })
  holdEach(s, waiting)
  await s.clock.settle()
  expect(waiting.map(isPending).filter(Boolean)).toHaveLength(10)

  // Level 2: the queue is full. Who matters more takes the place of who matters less.
  const urgent = askFor(s, 4, 'm', { priority: 0 })
  holdEach(s, urgent)
  await s.clock.settle()
  const shed = waiting.filter(({ outcome }) => outcome instanceof QueueFullError)
  expect(shed).toHaveLength(4)
  expect(urgent.every(isPending)).toBe(true)

  // Level 3: nobody matters less. Who comes is refused at once, with the time after which it is worth coming back.
  const refused = watch(s.runtime.lease('m', { priority: 5 }))
  await s.clock.settle()
  expect(refused.outcome).toBeInstanceOf(QueueFullError)
  expect(refused.outcome).toMatchObject({ status: 429, waitedMs: 0 })
  const { retryAfterMs = NaN } = errorOf(refused)
  expect(retryAfterMs).toBeGreaterThanOrEqual(11 * HOLD_MS)
  expect(retryAfterMs).toBeLessThanOrEqual(2 * 11 * HOLD_MS)
  for (const { outcome } of shed)
    expect((outcome as QueueFullError).retryAfterMs).toBeGreaterThanOrEqual(1_000)

  // Honest: who comes back then is served at once. Nobody was dropped without a word.
  await s.clock.advanceAsync(retryAfterMs)
  const again = await s.runtime.lease('m', { whenFull: 'reject' })
  again.release()
  for (const { outcome } of [...urgent, ...waiting])
    expect(outcome instanceof QueueFullError || (outcome as { generation: number }).generation === 1).toBe(
      true,
    )
  expect(s.runtime.status('m')).toMatchObject({ queuedRequests: 0, concurrentAccessCount: 0 })
  await finish(s)
})

it('B8 who cannot be served before its own deadline is told at once; who can is served', async () => {
  const s = await stage({ m: { maxConcurrent: 1 } })
  await warmUp(s)
  const asked = askFor(s, 6, 'm')
  holdEach(s, asked)
  const hopeless = watch(s.runtime.lease('m', { deadlineMs: 5 * HOLD_MS }))
  const patient = watch(s.runtime.lease('m', { deadlineMs: 8 * HOLD_MS }))
  if (patient) holdEach(s, [patient])
  await s.clock.settle()
  expect(hopeless.outcome).toBeInstanceOf(OverloadedError)
  expect(hopeless.outcome).toMatchObject({ status: 429, waitedMs: 0 })
  expect(errorOf(hopeless).retryAfterMs).toBeGreaterThan(0)
  await s.clock.advanceAsync(8 * HOLD_MS)
  expect(patient.outcome).toMatchObject({ generation: 1 })
  await finish(s)
})

it('B8 a storm of 10,000: each is answered, no tenant has the queue for itself, and it ends well', async () => {
  const s = await stage({ m: { maxConcurrent: 2, maxQueue: 50 } })
  await s.runtime.load('m')
  const asked = Array.from({ length: 10_000 }, (_, n) => {
    const tenant = n < 9_900 ? 'greedy' : 'modest'
    return { tenant, lease: watch(s.runtime.lease('m', { priority: n % 10, tenant })) }
  })
  holdEach(
    s,
    asked.map(({ lease }) => lease),
  )
  await s.clock.advanceAsync(60 * HOLD_MS)
  const refused = asked.filter(({ lease }) => lease.outcome instanceof Error)
  for (const { lease } of asked) expect(isPending(lease)).toBe(false)
  for (const { lease } of refused) expect(lease.outcome).toBeInstanceOf(QueueFullError)
  expect(refused).toHaveLength(10_000 - 52)
  const modest = asked.filter(
    ({ tenant, lease }) => tenant === 'modest' && !refused.some((it) => it.lease === lease),
  )
  expect(modest.length).toBeGreaterThanOrEqual(10)
  const calm = await s.runtime.lease('m', { whenFull: 'reject' })
  calm.release()
  await finish(s)
})
