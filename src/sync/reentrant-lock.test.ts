import { describe, expect, it } from 'vitest'
import { LeaseReleasedError, LockTimeoutError } from '../kernel/errors.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { ReentrantLock } from './reentrant-lock.ts'

const settle = (): Promise<void> => new ManualClock().settle()

describe('holds handed on', () => {
  it('nest to any depth', async () => {
    const lock = new ReentrantLock()
    const depth = await lock.withHold((one) =>
      one.withHold((two) => two.withHold((three) => three.withHold(() => 'four deep'))),
    )
    expect(depth).toBe('four deep')
    expect(lock.stats()).toEqual({ held: 0, waiting: 0, acquired: 4, timedOut: 0, aborted: 0 })
    expect(lock.leaks).toBe(0)
  })

  it('exclude their siblings, in order, and those outside of all', async () => {
    const lock = new ReentrantLock()
    const order: string[] = []
    const section = (name: string) => async (): Promise<void> => {
      order.push(`${name} begins`)
      await settle()
      order.push(`${name} ends`)
    }
    const outside = lock.withHold(async (hold) => {
      const both = Promise.all([hold.withHold(section('first')), hold.withHold(section('second'))])
      expect(lock.waiting).toBe(1)
      await both
    })
    await Promise.all([outside, lock.withHold(section('outside'))])
    expect(order).toEqual([
      'first begins',
      'first ends',
      'second begins',
      'second ends',
      'outside begins',
      'outside ends',
    ])
  })

  it('can be had without a promise', () => {
    const lock = new ReentrantLock()
    const outer = lock.tryAcquire()
    expect(outer?.isLent).toBe(false)
    const inner = outer?.tryAcquire()
    expect(outer?.isLent).toBe(true)
    expect(outer?.tryAcquire()).toBeUndefined()
    inner?.release()
    expect(outer?.isLent).toBe(false)
    expect(inner?.isReleased).toBe(true)
    expect(outer?.tryAcquire()).toBeDefined()
  })

  it('refuse once they have been released', async () => {
    const lock = new ReentrantLock({ name: 'cart' })
    const hold = await lock.acquire()
    hold.release()
    await expect(hold.acquire()).rejects.toThrow(LeaseReleasedError)
    await expect(hold.withHold(() => {})).rejects.toThrow(
      'hold of the reentrant lock "cart" has been released',
    )
    expect(() => hold.tryAcquire()).toThrow(LeaseReleasedError)
    expect(lock.isHeld).toBe(false)
  })

  it('time out below a hold without hurting it', async () => {
    const clock = new ManualClock()
    const lock = new ReentrantLock({ clock, timeoutMs: 10 })
    const outer = await lock.acquire()
    const inner = await outer.acquire()
    const waiting = expect(outer.acquire()).rejects.toThrow(LockTimeoutError)
    clock.advance(10)
    await waiting
    inner.release()
    expect(outer.isLent).toBe(false)
    expect(lock.isHeld).toBe(true)
    outer.release()
    expect(lock.isHeld).toBe(false)
  })
})

describe('a hold that is released before those below it', () => {
  it('keeps the lock until the last of them ends, and counts as a leak', async () => {
    const lock = new ReentrantLock()
    const outer = await lock.acquire()
    const running = await outer.acquire()
    const waiting = outer.acquire()
    const outside = lock.acquire()
    outer.release()
    outer.release()
    expect(lock.leaks).toBe(1)
    expect(lock).toMatchObject({ isHeld: true, waiting: 2 })
    running.release()
    // The one that waited below it comes first: it was inside.
    expect(lock.waiting).toBe(1)
    ;(await waiting).release()
    expect(lock.waiting).toBe(0)
    ;(await outside).release()
    expect(lock.isHeld).toBe(false)
  })

  it('ends level by level', async () => {
    const lock = new ReentrantLock()
    const one = await lock.acquire()
    const two = await one.acquire()
    const three = await two.acquire()
    one.release()
    two.release()
    expect(lock).toMatchObject({ isHeld: true, leaks: 2 })
    three.release()
    expect(lock.isHeld).toBe(false)
    expect(lock.tryAcquire()).toBeDefined()
  })

  it('is kept by a hold above it that is not released', async () => {
    const lock = new ReentrantLock()
    const one = await lock.acquire()
    const two = await one.acquire()
    two.release()
    expect(lock.isHeld).toBe(true)
    expect(lock.leaks).toBe(0)
  })
})

describe('sections', () => {
  it('are entered again from within, across awaits and timers', async () => {
    const lock = new ReentrantLock()
    const inner = async (): Promise<string> => {
      await settle()
      return lock.run(() => lock.run(() => 'inside'))
    }
    const answer = await lock.run(async () => {
      await settle()
      return inner()
    })
    expect(answer).toBe('inside')
    expect(lock.isHeld).toBe(false)
  })

  it('started side by side inside of one exclude each other', async () => {
    const lock = new ReentrantLock()
    let inside = 0
    let most = 0
    const branch = (): Promise<void> =>
      lock.run(async () => {
        most = Math.max(most, ++inside)
        await settle()
        inside--
      })
    await lock.run(() => Promise.all([branch(), branch(), branch()]))
    expect(most).toBe(1)
  })

  it('are the place for the other ways to acquire, too', async () => {
    const lock = new ReentrantLock()
    await lock.run(async () => {
      const hold = await lock.acquire()
      expect(lock.tryAcquire()).toBeUndefined()
      hold.release()
      const again = lock.tryAcquire()
      expect(again).toBeDefined()
      again?.release()
      expect(await lock.withHold(() => 'nested')).toBe('nested')
    })
    expect(lock.isHeld).toBe(false)
  })

  it('are left by a task that outlives them', async () => {
    const lock = new ReentrantLock()
    let detached: Promise<boolean> | undefined
    await lock.run(() => {
      detached = settle().then(() => lock.isInside)
    })
    const other = await lock.acquire()
    expect(await detached).toBe(false)
    expect(lock.leaks).toBe(0)
    other.release()
  })

  it('do not let a detached task in once they have ended', async () => {
    const lock = new ReentrantLock()
    const order: string[] = []
    let detached: Promise<void> | undefined
    await lock.run(() => {
      detached = settle().then(() => lock.run(() => void order.push('detached')))
    })
    const other = await lock.acquire()
    await settle()
    expect(lock.waiting).toBe(1)
    order.push('other ends')
    other.release()
    await detached
    expect(order).toEqual(['other ends', 'detached'])
  })

  it('leave a task that outlives an inner one inside the outer one', async () => {
    const lock = new ReentrantLock({ timeoutMs: 1_000, clock: new ManualClock() })
    const answer = await lock.run(async () => {
      let detached: Promise<string> | undefined
      await lock.run(() => {
        detached = settle().then(() => lock.run(() => 'inside the outer'))
      })
      return detached
    })
    expect(answer).toBe('inside the outer')
  })

  it('of two locks know each their own', async () => {
    const one = new ReentrantLock()
    const other = new ReentrantLock()
    await one.run(async () => {
      expect(other.isInside).toBe(false)
      await other.run(async () => {
        expect(one.isInside).toBe(true)
        expect(other.isInside).toBe(true)
        await one.run(() => expect(one.isInside).toBe(true))
      })
      expect(other.isInside).toBe(false)
    })
  })

  it('of two locks are found when the inner one of the other lock has ended', async () => {
    const one = new ReentrantLock()
    const other = new ReentrantLock()
    await one.run(async () => {
      let detached: Promise<boolean[]> | undefined
      await other.run(() => {
        detached = settle().then(() => other.run(() => [one.isInside, other.isInside]))
      })
      expect(await detached).toEqual([true, true])
    })
  })

  it('end when they fail', async () => {
    const lock = new ReentrantLock()
    const failing = lock.run(() => {
      throw new Error('inside')
    })
    await expect(failing).rejects.toThrow('inside')
    expect(lock).toMatchObject({ isHeld: false, isInside: false })
  })
})
