import { describe, expect, it } from 'vitest'
import type { Clock, Timer, TimerOptions } from '../kernel/clock.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { LockTimeoutError } from '../kernel/errors.ts'
import { Deadlines } from './deadlines.ts'
import { KeyedLock } from './keyed-lock.ts'
import { Mutex } from './mutex.ts'
import { ReadWriteLock } from './read-write-lock.ts'
import { Semaphore } from './semaphore.ts'

/** Counts what is asked of the timers of a clock. */
class CountingClock implements Clock {
  readonly manual = new ManualClock()
  timersSet = 0
  backgroundTimers = 0

  nowMs(): number {
    return this.manual.nowMs()
  }

  wallMs(): number {
    return this.manual.wallMs()
  }

  callAt(atMs: number, callback: () => void, options?: TimerOptions): Timer {
    this.timersSet++
    if (options?.background) this.backgroundTimers++
    return this.manual.callAt(atMs, callback)
  }
}

const never = (): never => expect.unreachable('it must not be served')

/** Collects which waits ended, in the order in which they did. */
function endings(): { order: string[]; follow: (name: string, wait: Promise<unknown>) => void } {
  const order: string[] = []
  return {
    order,
    follow: (name, wait) =>
      void wait.then(
        () => order.push(`${name} served`),
        (error: Error) =>
          order.push(`${name} ${error instanceof LockTimeoutError ? 'timed out' : error.name}`),
      ),
  }
}

describe('deadlines', () => {
  it('are one object for one clock', () => {
    const clock = new ManualClock()
    expect(Deadlines.of(clock)).toBe(Deadlines.of(clock))
    expect(Deadlines.of(new ManualClock())).not.toBe(Deadlines.of(clock))
  })

  it('of a thousand waits of many locks stand behind one timer', () => {
    const clock = new CountingClock()
    const keyed = new KeyedLock<number>({ clock, timeoutMs: 1_000 })
    for (let key = 0; key < 100; key++) {
      keyed.tryAcquire(key)
      for (let n = 0; n < 10; n++) keyed.acquire(key).then(never, () => {})
    }
    expect(keyed.waiting).toBe(1_000)
    expect(clock.timersSet).toBe(1)
    expect(clock.manual.pendingTimers).toBe(1)
    clock.manual.advance(1_000)
    expect(keyed.stats()).toMatchObject({ waiting: 0, timedOut: 1_000, held: 100 })
    expect(clock.timersSet).toBe(1)
    expect(clock.manual.pendingTimers).toBe(0)
  })

  it('keep the process alive while somebody waits', () => {
    const clock = new CountingClock()
    const mutex = new Mutex({ clock, timeoutMs: 10 })
    mutex.tryAcquire()
    mutex.acquire().catch(() => {})
    expect(clock).toMatchObject({ timersSet: 1, backgroundTimers: 0 })
  })

  it('that are shorter and come later are met', async () => {
    const clock = new ManualClock()
    const mutex = new Mutex({ clock })
    const { order, follow } = endings()
    mutex.tryAcquire()
    follow('long', mutex.acquire({ timeoutMs: 1_000 }))
    follow('short', mutex.acquire({ timeoutMs: 10 }))
    follow('middle', mutex.acquire({ timeoutMs: 100 }))
    expect(clock.nextTimerAtMs).toBe(10)
    await clock.advanceAsync(9)
    expect(order).toEqual([])
    await clock.advanceAsync(1)
    expect(order).toEqual(['short timed out'])
    await clock.advanceAsync(89)
    expect(order).toHaveLength(1)
    await clock.advanceAsync(1)
    expect(order).toEqual(['short timed out', 'middle timed out'])
    await clock.advanceAsync(900)
    expect(order).toHaveLength(3)
    expect(clock.pendingTimers).toBe(0)
  })

  it('leave the timer alone while the line moves on', () => {
    const clock = new CountingClock()
    const mutex = new Mutex({ clock, timeoutMs: 1_000 })
    let hold = mutex.tryAcquire()
    for (let n = 0; n < 100; n++) {
      // There is always one who waits longer than the one that is served.
      mutex.acquire().catch(() => {})
      mutex.acquire().catch(() => {})
      clock.manual.advance(1)
      hold?.release()
      hold = undefined
    }
    expect(clock.timersSet).toBe(1)
  })

  it('that nobody waits for any more leave no timer', async () => {
    const clock = new ManualClock()
    const mutex = new Mutex({ clock, timeoutMs: 1_000 })
    const hold = mutex.tryAcquire()
    const waiting = mutex.acquire()
    expect(clock.pendingTimers).toBe(1)
    hold?.release()
    expect(clock.pendingTimers).toBe(0)
    ;(await waiting).release()
    const controller = new AbortController()
    mutex.tryAcquire()
    const aborted = mutex.acquire({ signal: controller.signal })
    expect(clock.pendingTimers).toBe(1)
    controller.abort()
    expect(clock.pendingTimers).toBe(0)
    await expect(aborted).rejects.toThrow()
  })

  it('find the timer set anew after it was given up', async () => {
    const clock = new ManualClock()
    const mutex = new Mutex({ clock, timeoutMs: 50 })
    const first = mutex.tryAcquire()
    const second = mutex.acquire()
    first?.release()
    await second
    const third = mutex.acquire()
    clock.advance(49)
    expect(mutex.waiting).toBe(1)
    clock.advance(1)
    await expect(third).rejects.toThrow(LockTimeoutError)
  })

  it('wake too early only to look', async () => {
    const clock = new ManualClock()
    const semaphore = new Semaphore(1, { clock })
    const { order, follow } = endings()
    const hold = semaphore.tryAcquire()
    follow('first', semaphore.acquire({ timeoutMs: 10 }))
    follow('second', semaphore.acquire({ timeoutMs: 30 }))
    hold?.release()
    await clock.advanceAsync(10)
    expect(order).toEqual(['first served'])
    expect(clock.nextTimerAtMs).toBe(30)
    await clock.advanceAsync(20)
    expect(order).toEqual(['first served', 'second timed out'])
  })

  it('that are due end before anything is granted because of them', async () => {
    const clock = new ManualClock()
    const lock = new ReadWriteLock({ clock })
    const { order, follow } = endings()
    lock.tryAcquireRead()
    follow('writer', lock.acquireWrite({ timeoutMs: 10 }))
    follow('reader that is due', lock.acquireRead({ timeoutMs: 10 }))
    follow('reader that is not', lock.acquireRead({ timeoutMs: 11 }))
    await clock.advanceAsync(10)
    expect(order.toSorted()).toEqual([
      'reader that is due timed out',
      'reader that is not served',
      'writer timed out',
    ])
  })

  it('of 0 ms end in the same turn, and are not seen in the line', async () => {
    const clock = new CountingClock()
    const mutex = new Mutex({ clock, name: 'door' })
    const hold = await mutex.acquire({ timeoutMs: 0 })
    const { signal } = new AbortController()
    const refused = mutex.acquire({ timeoutMs: 0, signal })
    expect(mutex.stats()).toMatchObject({ waiting: 0, timedOut: 1 })
    await expect(refused).rejects.toThrow('Waited 0 ms for the mutex "door" and did not get it.')
    expect(clock.timersSet).toBe(0)
    hold.release()
    expect(mutex.isHeld).toBe(false)
  })

  it('of infinity set no timer, whatever the default is', () => {
    const clock = new CountingClock()
    const mutex = new Mutex({ clock, timeoutMs: 5 })
    mutex.tryAcquire()
    void mutex.acquire({ timeoutMs: Infinity })
    expect(clock.timersSet).toBe(0)
  })
})

describe('the error of a timeout', () => {
  it('is an object of its own, and says who else waits', async () => {
    const clock = new ManualClock()
    const mutex = new Mutex({ clock, name: 'door', timeoutMs: 20 })
    mutex.tryAcquire()
    const waits = [mutex.acquire(), mutex.acquire(), mutex.acquire({ timeoutMs: 30 })]
    const outcomes = Promise.allSettled(waits)
    await clock.advanceAsync(30)
    const errors = (await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason as Error)
    expect(new Set(errors).size).toBe(3)
    expect(errors.map(({ message }) => message)).toEqual([
      'Waited 20 ms for the mutex "door" and did not get it. 2 more wait for it.' +
        ' Hold it for less time, or wait with a longer timeoutMs.',
      'Waited 20 ms for the mutex "door" and did not get it. 1 more wait for it.' +
        ' Hold it for less time, or wait with a longer timeoutMs.',
      'Waited 30 ms for the mutex "door" and did not get it.' +
        ' Hold it for less time, or wait with a longer timeoutMs.',
    ])
  })

  it('names the key, and counts those of that key', async () => {
    const clock = new ManualClock()
    const keyed = new KeyedLock<string>({ clock, name: 'users', timeoutMs: 20 })
    for (const key of ['ada', 'bob']) {
      keyed.tryAcquire(key)
      keyed.acquire(key, { timeoutMs: 100 }).catch(() => {})
    }
    const waiting = keyed.acquire('ada')
    clock.advance(20)
    await expect(waiting).rejects.toThrow(
      `Waited 20 ms for the keyed lock "users", key 'ada', and did not get it. 1 more wait for it.`,
    )
  })

  it('says what kind of lock it was, named or not', async () => {
    const clock = new ManualClock(5_000)
    const semaphore = new Semaphore(0, { clock, name: 'seats' })
    const table = new ReadWriteLock({ clock })
    table.tryAcquireWrite()
    const messages = [semaphore.acquire({ timeoutMs: 20 }), table.acquireRead({ timeoutMs: 20 })].map(
      (wait) => wait.then(never, (error: Error) => error.message.split(' and ')[0]),
    )
    clock.advance(20)
    expect(await Promise.all(messages)).toEqual([
      'Waited 20 ms for the semaphore "seats"',
      'Waited 20 ms for the read-write lock',
    ])
  })

  it('says when the clock was late', async () => {
    const clock = new ManualClock()
    const mutex = new Mutex({ clock, timeoutMs: 20 })
    mutex.tryAcquire()
    const waiting = mutex.acquire()
    const late: Clock = clock
    const nowMs = late.nowMs.bind(late)
    late.nowMs = () => nowMs() + 7.6
    clock.advance(20)
    await expect(waiting).rejects.toMatchObject({ waitedMs: 27.6, message: expect.stringContaining('28 ms') })
  })
})
