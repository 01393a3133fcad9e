import { describe, expect, it } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { Mutex } from './mutex.ts'

const settle = (): Promise<void> => new ManualClock().settle()

describe('Condition', () => {
  it('puts the notified before those who come later', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition()
    const order: string[] = []
    const sleeper = mutex.run(async (hold) => {
      await condition.wait(hold)
      order.push('notified')
    })
    await settle()
    await mutex.run(async () => {
      condition.notify()
      void mutex.run(() => order.push('newcomer'))
      await settle()
      expect(order).toEqual([])
    })
    await sleeper
    await settle()
    expect(order).toEqual(['notified', 'newcomer'])
  })

  it('has the mutex again after an abort, and passes on its reason', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition()
    const controller = new AbortController()
    const reason = new Error('enough')
    const sleeper = mutex.run(async (hold) => {
      await expect(condition.wait(hold, { signal: controller.signal })).rejects.toBe(reason)
      expect(mutex.isHeld).toBe(true)
      expect(mutex.tryAcquire()).toBeUndefined()
    })
    await settle()
    const other = await mutex.acquire()
    controller.abort(reason)
    await settle()
    expect(condition.waiting).toBe(0)
    expect(mutex.waiting).toBe(1)
    other.release()
    await sleeper
    expect(mutex.isHeld).toBe(false)
  })

  it('keeps the mutex when the wait is refused', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition()
    using hold = await mutex.acquire()
    await expect(condition.wait(hold, { timeoutMs: -1 })).rejects.toThrow(RangeError)
    await expect(condition.wait(hold, { signal: AbortSignal.abort() })).rejects.toThrow()
    await expect(condition.waitFor(hold, () => false, { timeoutMs: -1 })).rejects.toThrow(RangeError)
    await expect(condition.waitFor(hold, () => false, { timeoutMs: NaN })).rejects.toThrow(RangeError)
    expect(condition.waiting).toBe(0)
    expect(mutex.tryAcquire()).toBeUndefined()
  })

  it('refuses a hold that is asleep', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition('filled')
    const hold = await mutex.acquire()
    const waiting = condition.wait(hold)
    await expect(condition.wait(hold)).rejects.toThrow('this hold does not')
    expect(condition.waiting).toBe(1)
    condition.notify()
    await waiting
    hold.release()
  })

  it('waits as long as the mutex does by default, but comes back without limit', async () => {
    const clock = new ManualClock(5_000)
    const mutex = new Mutex({ clock, timeoutMs: 100 })
    const condition = mutex.condition()
    const sleeper = mutex.run((hold) => condition.wait(hold))
    const refused = expect(sleeper).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', waitedMs: 100 })
    await clock.settle()
    const other = await mutex.acquire()
    await clock.advanceAsync(100)
    expect(mutex.waiting).toBe(1)
    await clock.advanceAsync(1_000)
    expect(mutex.waiting).toBe(1)
    other.release()
    await refused
  })

  it('says how long was waited in all, and that nobody notified it', async () => {
    const clock = new ManualClock(5_000)
    const mutex = new Mutex({ clock })
    const condition = mutex.condition('filled')
    const waiting = mutex.run((hold) => condition.waitFor(hold, () => false, { timeoutMs: 100 }))
    const refused = expect(waiting).rejects.toThrow(
      'Waited 100 ms for the condition "filled" and did not get it. Nobody notified it.',
    )
    await clock.advanceAsync(60)
    condition.notify()
    await clock.advanceAsync(40)
    await refused
  })

  it('asks only while the mutex is held, and not again once it is met', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition()
    let asked = 0
    let isMet = false
    const waiting = mutex.run((hold) =>
      condition.waitFor(hold, () => {
        asked++
        expect(mutex.isHeld).toBe(true)
        return isMet
      }),
    )
    await settle()
    expect(asked).toBe(1)
    condition.notify()
    await settle()
    expect(asked).toBe(2)
    isMet = true
    condition.notify()
    await waiting
    expect(asked).toBe(3)
  })

  it('passes on an error that is not a timeout as it is', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition()
    const controller = new AbortController()
    const reason = new Error('enough')
    const waiting = mutex.run((hold) => condition.waitFor(hold, () => false, { signal: controller.signal }))
    await settle()
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })

  it('lets a hold that was released meanwhile go as soon as it comes back', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition()
    const hold = await mutex.acquire()
    const waiting = condition.wait(hold)
    const holder = await mutex.acquire()
    hold.release()
    // It was asleep, so the mutex was another's, and still is.
    expect(mutex.tryAcquire()).toBeUndefined()
    condition.notify()
    holder.release()
    await waiting
    expect(mutex.isHeld).toBe(false)
  })

  it('gives the notification of one that has gone to the next', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition()
    const gone = await mutex.acquire()
    void condition.wait(gone)
    gone.release()
    const sleeper = mutex.run((hold) => condition.wait(hold))
    await settle()
    expect(condition.waiting).toBe(2)
    expect(condition.notify()).toBe(1)
    await sleeper
    expect(condition.waiting).toBe(0)
  })
})
