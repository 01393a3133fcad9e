import { expect, test } from 'vitest'
import { sleep } from '../kernel/clock.ts'
import { ManualClock } from './manual-clock.ts'

test('the clock stands until it is moved', () => {
  const clock = new ManualClock(100)
  expect(clock.nowMs()).toBe(100)
  clock.advance(5)
  expect(clock.nowMs()).toBe(105)
  expect(clock.wallMs() - new ManualClock().wallMs()).toBe(105)
})

test('timers fire in the order of their times, then of their making, and see their own time', () => {
  const clock = new ManualClock()
  const fired: string[] = []
  const at = (ms: number, name: string): void =>
    void clock.callAt(ms, () => fired.push(`${name}@${clock.nowMs()}`))
  at(20, 'c')
  at(10, 'a')
  at(10, 'b')
  at(31, 'd')
  clock.advance(30)
  expect(fired).toEqual(['a@10', 'b@10', 'c@20'])
  expect(clock.nowMs()).toBe(30)
  expect(clock.pendingTimers).toBe(1)
  expect(clock.nextTimerAtMs).toBe(31)
})

test('a timer set by a timer fires in the same move when it is due in it', () => {
  const clock = new ManualClock()
  const fired: number[] = []
  clock.callAt(10, () => {
    clock.callAt(15, () => fired.push(clock.nowMs()))
    clock.callAt(25, () => fired.push(clock.nowMs()))
  })
  clock.advance(20)
  expect(fired).toEqual([15])
})

test('a timer in the past fires at the next move and does not turn the clock back', () => {
  const clock = new ManualClock(50)
  const seen: number[] = []
  clock.callAt(10, () => seen.push(clock.nowMs()))
  clock.advance(0)
  expect(seen).toEqual([50])
})

test('a cancelled timer neither fires nor stays; cancelling again does nothing', () => {
  const clock = new ManualClock()
  let fired = 0
  const timer = clock.callAt(10, () => fired++)
  timer.cancel()
  timer[Symbol.dispose]()
  expect(clock.pendingTimers).toBe(0)
  clock.advance(20)
  expect(fired).toBe(0)
})

test('advanceAsync lets promises go on between timers, however deep the chain', async () => {
  const clock = new ManualClock()
  const times: number[] = []
  const work = async (): Promise<void> => {
    for (let step = 0; step < 3; step++) {
      await sleep(clock, 10)
      for (let hop = 0; hop < 50; hop++) await Promise.resolve()
      times.push(clock.nowMs())
    }
  }
  const working = work()
  await clock.advanceAsync(30)
  expect(times).toEqual([10, 20, 30])
  await working
})

test('advance does not: what a promise sets afterwards is set at the end of the move', async () => {
  const clock = new ManualClock()
  const slept = sleep(clock, 10).then(() => clock.nowMs())
  clock.advance(30)
  expect(await slept).toBe(30)
})

test('advanceToNextTimer jumps over any distance and says when there is nothing to jump to', async () => {
  const clock = new ManualClock()
  const slept = sleep(clock, 300_000)
  expect(await clock.advanceToNextTimer()).toBe(true)
  await slept
  expect(clock.nowMs()).toBe(300_000)
  expect(await clock.advanceToNextTimer()).toBe(false)
  expect(clock.nowMs()).toBe(300_000)
})

test('a timer at Infinity never fires', async () => {
  const clock = new ManualClock()
  clock.callAt(Infinity, () => expect.unreachable())
  expect(await clock.advanceToNextTimer()).toBe(false)
  clock.advance(1e15)
})

test.each([-1, NaN, Infinity])('the clock does not move by %s', async (ms) => {
  const clock = new ManualClock()
  expect(() => clock.advance(ms)).toThrow(RangeError)
  await expect(clock.advanceAsync(ms)).rejects.toThrow(RangeError)
  expect(clock.nowMs()).toBe(0)
})

test('a timer at NaN is refused', () => {
  expect(() => new ManualClock().callAt(NaN, () => {})).toThrow(RangeError)
})
