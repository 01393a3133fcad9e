import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { sleep, systemClock } from './clock.ts'

describe('the clock of the system', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  /** Milliseconds on the clock of `nowMs`, from now. */
  function after(delayMs: number): number {
    return systemClock.nowMs() + delayMs
  }

  /** `handle` gives the timer that was set last. */
  function spyOnTimers(): { timers: MockInstance; handle: () => NodeJS.Timeout } {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    return { timers, handle: () => timers.mock.results.at(-1)?.value as NodeJS.Timeout }
  }

  it('tells the monotonic time, and that of the wall', () => {
    vi.setSystemTime(1_700_000_000_000)
    const startMs = systemClock.nowMs()
    vi.advanceTimersByTime(250)
    expect(systemClock.nowMs() - startMs).toBe(250)
    expect(systemClock.wallMs()).toBe(1_700_000_000_250)
  })

  it('calls once, at the time and not before', () => {
    const callback = vi.fn()
    systemClock.callAt(after(100), callback)
    vi.advanceTimersByTime(99)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(10_000)
    expect(callback).toHaveBeenCalledTimes(1)
  })

  it('rounds up: the time has come when the callback runs', () => {
    const atMs = after(10.3)
    const seen: boolean[] = []
    systemClock.callAt(atMs, () => seen.push(systemClock.nowMs() >= atMs))
    vi.advanceTimersByTime(11)
    expect(seen).toEqual([true])
  })

  it('calls as soon as possible for a time that has passed, yet not within the call', () => {
    const callback = vi.fn()
    systemClock.callAt(after(-1_000), callback)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledTimes(1)
  })

  it('waits for longer than a timer of the system can', () => {
    const callback = vi.fn()
    const days60 = 60 * 86_400_000
    systemClock.callAt(after(days60), callback)
    vi.advanceTimersByTime(days60 - 1)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledTimes(1)
  })

  it('does not call what was cancelled, as often as that may be', () => {
    const callback = vi.fn()
    const timer = systemClock.callAt(after(10), callback)
    timer.cancel()
    timer[Symbol.dispose]()
    const long = systemClock.callAt(after(2 ** 32), callback)
    vi.advanceTimersByTime(2 ** 31)
    long[Symbol.dispose]()
    vi.advanceTimersByTime(2 ** 33)
    expect(callback).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps the process alive unless the timer is in the background, which can be changed', () => {
    const { handle } = spyOnTimers()
    const timer = systemClock.callAt(after(10), () => {})
    expect(handle().hasRef()).toBe(true)
    timer.setBackground(true)
    expect(handle().hasRef()).toBe(false)
    timer.setBackground(false)
    expect(handle().hasRef()).toBe(true)
    systemClock.callAt(after(10), () => {}, { background: true })
    expect(handle().hasRef()).toBe(false)
    timer.cancel()
    timer.setBackground(true)
  })

  it('keeps a long timer in the background through all its parts', () => {
    const { timers, handle } = spyOnTimers()
    systemClock.callAt(after(2 ** 32), () => {}).setBackground(true)
    vi.advanceTimersByTime(2 ** 31)
    expect(timers).toHaveBeenCalledTimes(2)
    expect(handle().hasRef()).toBe(false)
  })
})

describe('sleep', () => {
  it('resolves after the delay, and leaves no listener behind', async () => {
    const clock = new ManualClock()
    const { signal } = new AbortController()
    const settled = vi.fn()
    const sleeping = sleep(clock, 500, signal).then(settled)
    await clock.advanceAsync(499)
    expect(settled).not.toHaveBeenCalled()
    await clock.advanceAsync(1)
    await sleeping
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('rejects with the reason as soon as the signal aborts, and leaves no timer behind', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const sleeping = sleep(clock, 500, controller.signal)
    controller.abort('enough')
    await expect(sleeping).rejects.toBe('enough')
    expect(clock.pendingTimers).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('does not begin with a signal that has aborted', async () => {
    const clock = new ManualClock()
    await expect(sleep(clock, 500, AbortSignal.abort('before'))).rejects.toBe('before')
    expect(clock.pendingTimers).toBe(0)
  })
})
