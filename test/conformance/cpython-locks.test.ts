/**
 * The cases of CPython's lock tests (Lib/test/lock_tests.py), by their names, for our locks; where theirs have threads,
 * ours have tasks. Left out: what speaks of fork (Node has none), of `repr`, of `Event` and `Barrier` (we have neither),
 * and of releases without a hold, which cannot be written here: only a hold has `release()`.
 */
import { describe, expect, it } from 'vitest'
import { LockTimeoutError } from '../../src/kernel/errors.ts'
import { Mutex, ReentrantLock, Semaphore, type Hold } from '../../src/sync/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { collectGarbage } from './garbage.ts'
import { EXCLUSIVE_LOCKS } from './lock-kinds.ts'

const settle = (): Promise<void> => new ManualClock().settle()

describe.each(Object.entries(EXCLUSIVE_LOCKS))('LockTests: %s', (_kind, make) => {
  it('constructor', () => {
    expect(make().stats()).toEqual({ held: 0, waiting: 0, acquired: 0, timedOut: 0, aborted: 0 })
    for (const timeoutMs of [-1, NaN, '5' as unknown as number])
      expect(() => make({ timeoutMs })).toThrow(RangeError)
  })

  it('acquire_release', async () => {
    const lock = make()
    const hold = await lock.acquire()
    expect(lock.stats()).toMatchObject({ held: 1, acquired: 1 })
    hold.release()
    expect(lock.stats()).toMatchObject({ held: 0, acquired: 1 })
    hold.release()
    expect(lock.stats()).toMatchObject({ held: 0, acquired: 1 })
  })

  it('try_acquire', () => {
    const lock = make()
    const hold = lock.tryAcquire()
    expect(hold?.isReleased).toBe(false)
    hold?.release()
    expect(hold?.isReleased).toBe(true)
    expect(lock.tryAcquire()).toBeDefined()
  })

  it('try_acquire_contended', async () => {
    const lock = make()
    using hold = await lock.acquire()
    expect(hold.isReleased).toBe(false)
    expect(lock.tryAcquire()).toBeUndefined()
    expect(lock.stats()).toMatchObject({ held: 1, acquired: 1 })
  })

  it('acquire_contended', async () => {
    const lock = make()
    const hold = await lock.acquire()
    const finished: number[] = []
    const task = async (n: number): Promise<void> => {
      ;(await lock.acquire()).release()
      finished.push(n)
    }
    const tasks = [1, 2, 3, 4, 5].map(task)
    await settle()
    expect(finished).toEqual([])
    expect(lock.stats()).toMatchObject({ held: 1, waiting: 5 })
    hold.release()
    await Promise.all(tasks)
    expect(finished).toEqual([1, 2, 3, 4, 5])
    expect(lock.stats()).toMatchObject({ held: 0, waiting: 0, acquired: 6 })
  })

  it('with', async () => {
    const lock = make()
    const withHold = async (error?: Error): Promise<void> => {
      using hold = await lock.acquire()
      expect(hold.isReleased).toBe(false)
      if (error) throw error
    }
    await withHold()
    expect(lock.stats().held).toBe(0)
    await expect(withHold(new TypeError('inside'))).rejects.toThrow('inside')
    expect(lock.stats().held).toBe(0)
    await expect(lock.run(() => Promise.reject(new TypeError('inside')))).rejects.toThrow('inside')
    expect(lock.stats().held).toBe(0)
  })

  it('thread_leak', async () => {
    const clock = new ManualClock()
    const lock = make({ clock, timeoutMs: 1_000 })
    await Promise.all(Array.from({ length: 15 }, () => lock.run(() => Promise.resolve())))
    expect(lock.stats()).toEqual({ held: 0, waiting: 0, acquired: 15, timedOut: 0, aborted: 0 })
    expect(clock.pendingTimers).toBe(0)
  })

  it('timeout', async () => {
    const clock = new ManualClock()
    const lock = make({ clock, name: 'the lock' })
    await expect(lock.acquire({ timeoutMs: -100 })).rejects.toThrow(RangeError)
    await expect(lock.acquire({ timeoutMs: NaN })).rejects.toThrow('got NaN')
    // As long as there can be, and no timer is longer than the clock can wait for.
    ;(await lock.acquire({ timeoutMs: Number.MAX_VALUE })).release()
    const hold = await lock.acquire({ timeoutMs: 5_000 })
    expect(clock.pendingTimers).toBe(0)
    const waiting = lock.acquire({ timeoutMs: 500 })
    const outcome = waiting.catch((error: unknown) => error)
    clock.advance(499)
    expect(lock.stats()).toMatchObject({ waiting: 1, timedOut: 0 })
    clock.advance(1)
    expect(lock.stats()).toMatchObject({ waiting: 0, timedOut: 1 })
    const error = (await outcome) as LockTimeoutError
    expect(error).toBeInstanceOf(LockTimeoutError)
    expect(error.message).toMatch(/^Waited 500 ms for the .*"the lock"/)
    expect(error.waitedMs).toBe(500)
    hold.release()
  })

  it('weakref_deleted', async () => {
    const lockOfTheDead = (): WeakRef<object> => {
      const lock = make({ timeoutMs: 60_000 })
      lock.tryAcquire()
      return new WeakRef(lock)
    }
    const reference = lockOfTheDead()
    await collectGarbage()
    expect(reference.deref()).toBeUndefined()
  })

  it('reacquire', async () => {
    const lock = make()
    const first = await lock.acquire()
    const phases: string[] = []
    const second = lock.acquire().then((hold) => {
      phases.push('second')
      return hold
    })
    await settle()
    expect(phases).toEqual([])
    first.release()
    ;(await second).release()
    expect(phases).toEqual(['second'])
  })

  it('different_thread', async () => {
    const lock = make()
    const hold = await lock.acquire()
    await (async () => {
      await settle()
      hold.release()
    })()
    expect(lock.tryAcquire()).toBeDefined()
  })

  it('state_after_timeout', async () => {
    const clock = new ManualClock()
    const lock = make({ clock })
    const hold = await lock.acquire()
    const waiting = lock.acquire({ timeoutMs: 10 })
    const refused = expect(waiting).rejects.toThrow(LockTimeoutError)
    clock.advance(10)
    await refused
    hold.release()
    expect(lock.stats()).toMatchObject({ held: 0, waiting: 0 })
    expect(lock.tryAcquire()).toBeDefined()
  })
})

describe('RLockTests', () => {
  it('reacquire', async () => {
    const lock = new ReentrantLock()
    await lock.run(async () => {
      await lock.run(() => {})
      await lock.run(() => {})
      expect(lock.isHeld).toBe(true)
    })
    expect(lock.isHeld).toBe(false)
    const first = await lock.acquire()
    const second = await first.acquire()
    second.release()
    const third = await first.acquire()
    third.release()
    expect(lock.isHeld).toBe(true)
    first.release()
    expect(lock.isHeld).toBe(false)
  })

  it('_is_owned', async () => {
    const lock = new ReentrantLock()
    expect(lock.isInside).toBe(false)
    let elsewhere: boolean | undefined
    await Promise.all([
      lock.run(async () => {
        expect(lock.isInside).toBe(true)
        await lock.run(() => expect(lock.isInside).toBe(true))
        await settle()
        expect(lock.isInside).toBe(true)
      }),
      settle().then(() => (elsewhere = lock.isInside)),
    ])
    expect(elsewhere).toBe(false)
    expect(lock.isInside).toBe(false)
  })
})

describe('ConditionTests', () => {
  it('acquire', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition('filled')
    const hold = await mutex.acquire()
    const waiting = condition.wait(hold)
    expect(mutex.tryAcquire()).toBeDefined()
    expect(condition.waiting).toBe(1)
    condition.notify()
    void waiting
  })

  it('unacquired_wait', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition('filled')
    const stale = await mutex.acquire()
    stale.release()
    await expect(condition.wait(stale)).rejects.toThrow('condition "filled"')
    using held = await mutex.acquire()
    expect(held.isReleased).toBe(false)
    await expect(condition.wait(stale)).rejects.toThrow('this hold does not')
    await expect(condition.waitFor(stale, () => true)).rejects.toThrow('this hold does not')
  })

  it('notify', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition()
    const woken: string[] = []
    const ends: Promise<void>[] = []
    const task = async (n: number): Promise<void> => {
      using hold = await mutex.acquire()
      await condition.wait(hold)
      woken.push(`${n} first`)
      await condition.wait(hold)
      woken.push(`${n} second`)
    }
    for (let n = 1; n <= 5; n++) ends.push(task(n))
    await settle()
    expect(condition.waiting).toBe(5)
    await mutex.run(() => expect(condition.notify(3)).toBe(3))
    await settle()
    expect(woken).toEqual(['1 first', '2 first', '3 first'])
    await mutex.run(() => expect(condition.notify(5)).toBe(5))
    await settle()
    expect(woken.slice(3)).toEqual(['4 first', '5 first', '1 second', '2 second', '3 second'])
    await mutex.run(() => expect(condition.notifyAll()).toBe(2))
    await Promise.all(ends)
    expect(woken.slice(8)).toEqual(['4 second', '5 second'])
    expect(condition.notifyAll()).toBe(0)
    expect(mutex.isHeld).toBe(false)
  })

  it('timeout', async () => {
    const clock = new ManualClock()
    const mutex = new Mutex({ clock })
    const condition = mutex.condition('filled')
    const outcomes: unknown[] = []
    const tasks = [1, 2, 3, 4, 5].map(async () => {
      using hold = await mutex.acquire()
      const outcome = await condition.wait(hold, { timeoutMs: 500 }).catch((error: unknown) => error)
      expect(hold.isReleased).toBe(false)
      expect(mutex.isHeld).toBe(true)
      outcomes.push(outcome)
    })
    await clock.advanceAsync(499)
    expect(outcomes).toEqual([])
    await clock.advanceAsync(1)
    await Promise.all(tasks)
    expect(outcomes).toHaveLength(5)
    expect(new Set(outcomes).size).toBe(5)
    for (const error of outcomes)
      expect((error as Error).message).toContain('500 ms for the condition "filled"')
    expect(mutex.isHeld).toBe(false)
  })

  it('waitfor', async () => {
    const mutex = new Mutex()
    const condition = mutex.condition()
    let state = 0
    let seen: number | undefined
    const task = mutex.run(async (hold) => {
      await condition.waitFor(hold, () => state === 4)
      seen = state
    })
    for (let n = 0; n < 4; n++) {
      await settle()
      expect(seen).toBeUndefined()
      await mutex.run(() => {
        state++
        condition.notify()
      })
    }
    await task
    expect(seen).toBe(4)
  })

  it('waitfor_timeout', async () => {
    const clock = new ManualClock()
    const mutex = new Mutex({ clock })
    const condition = mutex.condition()
    let state = 0
    const task = mutex.run((hold) => condition.waitFor(hold, () => state === 4, { timeoutMs: 100 }))
    const refused = expect(task).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', waitedMs: 100 })
    for (let n = 0; n < 3; n++) {
      await clock.advanceAsync(10)
      await mutex.run(() => {
        state++
        condition.notify()
      })
    }
    await clock.advanceAsync(69)
    expect(condition.waiting).toBe(1)
    await clock.advanceAsync(1)
    await refused
    expect(mutex.isHeld).toBe(false)
  })
})

describe('SemaphoreTests', () => {
  it('constructor', () => {
    for (const permits of [-1, 1.5, NaN, Infinity, '1' as unknown as number])
      expect(() => new Semaphore(permits)).toThrow(RangeError)
    expect(new Semaphore(0).tryAcquire()).toBeUndefined()
  })

  it('acquire', async () => {
    const semaphore = new Semaphore(2)
    const holds = [await semaphore.acquire(), await semaphore.acquire()]
    expect(semaphore.held).toBe(2)
    for (const hold of holds) hold.release()
    expect(semaphore.held).toBe(0)
  })

  it('acquire_contended', async () => {
    const semaphore = new Semaphore(7)
    const holds: Hold[] = [await semaphore.acquire()]
    const granted: number[] = []
    let phase = 0
    const tasks = Array.from({ length: 10 }, async () => {
      for (let n = 0; n < 2; n++) {
        holds.push(await semaphore.acquire())
        granted.push(phase)
      }
    })
    await settle()
    expect(granted).toEqual(Array(6).fill(0))
    phase = 1
    for (const hold of holds.splice(0, 7)) hold.release()
    await settle()
    expect(granted).toEqual([...Array(6).fill(0), ...Array(7).fill(1)])
    phase = 2
    for (const hold of holds.splice(0, 6)) hold.release()
    await settle()
    expect(granted).toHaveLength(19)
    expect(semaphore.tryAcquire()).toBeUndefined()
    holds.pop()?.release()
    await Promise.all(tasks)
    expect(granted).toHaveLength(20)
  })

  it('try_acquire_contended', () => {
    const semaphore = new Semaphore(4)
    semaphore.tryAcquire()
    const results = Array.from({ length: 10 }, () => semaphore.tryAcquire() !== undefined)
    expect(results.filter(Boolean)).toHaveLength(3)
  })

  it('acquire_timeout', async () => {
    const clock = new ManualClock()
    const semaphore = new Semaphore(2, { clock, timeoutMs: 5 })
    const first = await semaphore.acquire()
    await semaphore.acquire()
    const waiting = expect(semaphore.acquire()).rejects.toThrow(LockTimeoutError)
    clock.advance(5)
    await waiting
    first.release()
    await semaphore.acquire()
    expect(semaphore.stats()).toEqual({ held: 2, waiting: 0, acquired: 3, timedOut: 1, aborted: 0 })
  })
})
