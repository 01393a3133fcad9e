import { expect, it } from 'vitest'
import { ManualClock } from '../testing/index.ts'
import { PressureWatch, pressureOf } from './pressure.ts'

const limits = { maxEventLoopDelayMs: 100, maxProcessMemoryBytes: 1_000 }

it('sheds over a limit and refuses everything far over it', () => {
  const at = (eventLoopDelayMs: number, residentBytes: number): string =>
    pressureOf({ eventLoopDelayMs, residentBytes }, limits)
  expect(at(100, 1_000)).toBe('none')
  expect(at(101, 0)).toBe('shed')
  expect(at(0, 1_001)).toBe('shed')
  expect(at(300, 1_030)).toBe('shed')
  expect(at(301, 0)).toBe('reject')
  expect(at(0, 1_031)).toBe('reject')
})

it('reads at most once a second, and comes back to normal by itself', () => {
  const clock = new ManualClock()
  let readings = 0
  let residentBytes = 2_000
  const read = (): { eventLoopDelayMs: number; residentBytes: number } => {
    readings++
    return { eventLoopDelayMs: 0, residentBytes }
  }
  const watch = new PressureWatch(read, limits, clock)
  expect(watch.level()).toBe('reject')
  residentBytes = 10
  clock.advance(999)
  expect(watch.level()).toBe('reject')
  expect(readings).toBe(1)
  clock.advance(1)
  expect(watch.level()).toBe('none')
  expect(readings).toBe(2)
})
