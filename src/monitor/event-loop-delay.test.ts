import { expect, test } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { EventLoopDelayMeter } from './event-loop-delay.ts'

/** Holds the thread for a real time, since that is what the meter measures, then lets its timer fire. */
async function block(ms: number): Promise<void> {
  const until = performance.now() + ms
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30))
}

test('a blocked loop shows, readers share a window, and the next window starts afresh', async () => {
  const clock = new ManualClock()
  using meter = new EventLoopDelayMeter(clock)
  await block(20)
  await block(120)
  const first = meter.read()
  expect(first.maxMs).toBeGreaterThan(60)
  expect(first.p50Ms).toBeLessThanOrEqual(first.maxMs)
  clock.advance(4_999)
  expect(meter.read()).toBe(first)
  clock.advance(1)
  await block(0)
  expect(meter.read().maxMs).toBeLessThan(first.maxMs)
})
