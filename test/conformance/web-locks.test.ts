/**
 * The cases of the Web Locks platform tests (web-platform-tests, web-locks/), by their names, for our locks. A request with
 * `ifAvailable` is our `tryAcquire`. Left out: what speaks of windows, frames, workers and clients, and `steal`, which would
 * take a hold away from its owner: ours never do.
 */
import { describe, expect, it } from 'vitest'
import { KeyedLock, ReadWriteLock, SingleFlight } from '../../src/sync/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { EXCLUSIVE_LOCKS } from './lock-kinds.ts'

const settle = (): Promise<void> => new ManualClock().settle()

describe.each(Object.entries(EXCLUSIVE_LOCKS))('%s', (_kind, make) => {
  describe('held', () => {
    it('callback’s result is promisified if not async', async () => {
      const answer = make().run(() => 123)
      expect(answer).toBeInstanceOf(Promise)
      expect(await answer).toBe(123)
    })

    it('lock is held until callback’s returned promise resolves', async () => {
      const lock = make()
      const order: string[] = []
      let resolve = (): void => {}
      const first = lock.run(() => new Promise<void>((done) => (resolve = done)))
      const second = lock.run(() => order.push('2nd lock granted'))
      await settle()
      order.push('1st lock released')
      resolve()
      await Promise.all([first, second])
      expect(order).toEqual(['1st lock released', '2nd lock granted'])
    })

    it('lock is held until callback’s returned promise rejects', async () => {
      const lock = make()
      const order: string[] = []
      let reject = (_error: Error): void => {}
      const first = lock.run(() => new Promise<void>((_done, fail) => (reject = fail)))
      const refused = expect(first).rejects.toThrow('expected')
      const second = lock.run(() => order.push('2nd lock granted'))
      await settle()
      order.push('reject')
      reject(new Error('expected'))
      await Promise.all([refused, second])
      expect(order).toEqual(['reject', '2nd lock granted'])
    })

    it('Returned Promise rejects if callback throws synchronously', async () => {
      const lock = make()
      const failure = { name: 'test' }
      const throwing = lock.run(() => {
        throw failure as unknown as Error
      })
      await expect(throwing).rejects.toBe(failure)
      expect(lock.stats().held).toBe(0)
    })
  })

  describe('ifAvailable', () => {
    it('Lock request with ifAvailable - lock available', () => {
      expect(make().tryAcquire()).toBeDefined()
    })

    it('Lock request with ifAvailable - lock not available', async () => {
      const lock = make()
      const hold = await lock.acquire()
      expect(lock.tryAcquire()).toBeUndefined()
      hold.release()
    })

    it('Locks are available once previous release is processed', async () => {
      const lock = make()
      await lock.run(() => {})
      expect(lock.tryAcquire()).toBeDefined()
    })
  })

  describe('signal', () => {
    it('Passing an already aborted signal aborts', async () => {
      const lock = make()
      const controller = new AbortController()
      controller.abort()
      const { signal } = controller
      await expect(lock.acquire({ signal })).rejects.toBe(signal.reason)
      await expect(lock.run(() => expect.unreachable('callback ran'), { signal })).rejects.toBe(signal.reason)
      expect(lock.stats()).toMatchObject({ held: 0, acquired: 0 })
    })

    it('An aborted request results in AbortError', async () => {
      const lock = make()
      const hold = await lock.acquire()
      const controller = new AbortController()
      const waiting = lock.acquire({ signal: controller.signal })
      expect(lock.stats()).toMatchObject({ held: 1, waiting: 1 })
      controller.abort()
      // In the same turn, not when it would have been served.
      expect(lock.stats()).toMatchObject({ held: 1, waiting: 0, aborted: 1 })
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
      hold.release()
      expect(lock.stats().held).toBe(0)
    })

    it('Abort after a timeout', async () => {
      const clock = new ManualClock()
      const lock = make({ clock, timeoutMs: 50 })
      const hold = await lock.acquire()
      const controller = new AbortController()
      const waiting = lock.acquire({ signal: controller.signal })
      const refused = expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
      await clock.advanceAsync(10)
      controller.abort()
      await refused
      expect(clock.pendingTimers).toBe(0)
      await clock.advanceAsync(100)
      expect(lock.stats()).toMatchObject({ waiting: 0, timedOut: 0, aborted: 1 })
      hold.release()
    })

    it('Signal that is not aborted', async () => {
      const { signal } = new AbortController()
      expect(await make().run(() => 'got it', { signal })).toBe('got it')
    })

    it('Abort signaled after lock granted', async () => {
      const lock = make()
      const first = await lock.acquire()
      const controller = new AbortController()
      const second = lock.acquire({ signal: controller.signal })
      first.release()
      // Granted in that turn, though nobody has seen it yet.
      controller.abort()
      const hold = await second
      expect(hold.isReleased).toBe(false)
      expect(lock.stats()).toMatchObject({ held: 1, aborted: 0 })
    })

    it('Abort signaled after lock released', async () => {
      const lock = make()
      const controller = new AbortController()
      const first = await lock.acquire({ signal: controller.signal })
      first.release()
      controller.abort()
      expect(lock.stats()).toMatchObject({ held: 0, aborted: 0 })
      expect(lock.tryAcquire()).toBeDefined()
    })

    it('Abort should process the next pending lock request', async () => {
      const lock = make()
      const hold = await lock.acquire()
      const controller = new AbortController()
      const first = lock.acquire({ signal: controller.signal })
      const next = lock.run(() => 'resolved')
      controller.abort()
      await expect(first).rejects.toMatchObject({ name: 'AbortError' })
      hold.release()
      expect(await next).toBe('resolved')
    })
  })

  describe('query', () => {
    it('query() returns dictionary with empty arrays when no locks are held', () => {
      expect(make().stats()).toMatchObject({ held: 0, waiting: 0 })
    })

    it('Requests appear in state in order made', async () => {
      const lock = make()
      const order: number[] = []
      await Promise.all([1, 2, 3, 4].map((n) => lock.run(() => order.push(n))))
      expect(order).toEqual([1, 2, 3, 4])
    })
  })
})

describe('mode-shared', () => {
  it('Lock requests are granted in order', async () => {
    const lock = new ReadWriteLock()
    const granted: number[] = []
    await Promise.all([1, 2, 3, 4, 5, 6].map((n) => lock.read(() => granted.push(n))))
    expect(granted).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('Shared locks are not exclusive', async () => {
    const lock = new ReadWriteLock()
    const both = await lock.read(() => lock.read(() => lock.readers))
    expect(both).toBe(2)
    expect(lock.readers).toBe(0)
  })
})

describe('mode-mixed', () => {
  it('Lock requests are granted in order', async () => {
    const lock = new ReadWriteLock()
    const granted: string[] = []
    let unblock = (): void => {}
    const blocked = new Promise<void>((resolve) => (unblock = resolve))
    const requests = [1, 2, 3].map((n) =>
      lock.read(() => {
        granted.push(`shared-${n}`)
        return blocked
      }),
    )
    requests.push(lock.write(() => void granted.push('exclusive')))
    await new ReadWriteLock().write(() => granted.push('another lock'))
    expect(granted).toEqual(['shared-1', 'shared-2', 'shared-3', 'another lock'])
    unblock()
    await Promise.all(requests)
    expect(granted.at(-1)).toBe('exclusive')
  })

  it('Releasing exclusive lock grants multiple shared locks', async () => {
    const lock = new ReadWriteLock()
    const exclusive = await lock.acquireWrite()
    const shared = Array.from({ length: 5 }, () => lock.acquireRead())
    expect(lock.stats()).toMatchObject({ held: 1, waiting: 5 })
    expect(lock.isWriting).toBe(true)
    exclusive.release()
    expect(lock.stats()).toMatchObject({ held: 5, waiting: 0 })
    expect(lock.isWriting).toBe(false)
    for (const hold of await Promise.all(shared)) hold.release()
    expect(lock.stats().held).toBe(0)
  })

  it('An exclusive lock between shared locks', async () => {
    const lock = new ReadWriteLock()
    const before = Array.from({ length: 5 }, () => lock.acquireRead())
    const exclusive = lock.acquireWrite()
    const after = Array.from({ length: 5 }, () => lock.acquireRead())
    expect(lock.readers).toBe(5)
    for (const hold of await Promise.all(before)) hold.release()
    expect(lock.stats()).toMatchObject({ held: 1, waiting: 5 })
    expect(lock.isWriting).toBe(true)
    ;(await exclusive).release()
    expect(lock.readers).toBe(5)
    for (const hold of await Promise.all(after)) hold.release()
  })

  it('Shared lock request with ifAvailable - shared lock held', () => {
    const lock = new ReadWriteLock()
    lock.tryAcquireRead()
    expect(lock.tryAcquireRead()).toBeDefined()
  })

  it('Exclusive lock request with ifAvailable - shared lock held', () => {
    const lock = new ReadWriteLock()
    lock.tryAcquireRead()
    expect(lock.tryAcquireWrite()).toBeUndefined()
  })

  it('Shared lock request with ifAvailable - exclusive lock held', () => {
    const lock = new ReadWriteLock()
    lock.tryAcquireWrite()
    expect(lock.tryAcquireRead()).toBeUndefined()
  })

  it('Abort should process the next pending lock request, which a writer had kept out', async () => {
    const lock = new ReadWriteLock()
    await lock.acquireRead()
    const controller = new AbortController()
    const writer = lock.acquireWrite({ signal: controller.signal })
    const reader = lock.acquireRead()
    expect(lock.tryAcquireRead()).toBeUndefined()
    expect(lock.stats()).toMatchObject({ held: 1, waiting: 2 })
    controller.abort()
    expect(lock.stats()).toMatchObject({ held: 2, waiting: 0 })
    await expect(writer).rejects.toMatchObject({ name: 'AbortError' })
    await reader
  })
})

describe('resource-names', () => {
  it('Requesting lock with one name does not wait for another', async () => {
    const lock = new KeyedLock<unknown>()
    const names = ['', 'a', 'A', '\0', '-', '🔒', 1, Symbol('s'), {}]
    const holds = await Promise.all(names.map((name) => lock.acquire(name)))
    expect(lock.held).toBe(names.length)
    for (const name of names) {
      expect(lock.isHeld(name)).toBe(true)
      expect(lock.tryAcquire(name)).toBeUndefined()
    }
    for (const hold of holds) hold.release()
    expect(lock.held).toBe(0)
  })

  it('Lock request with ifAvailable - unrelated lock held', () => {
    const lock = new KeyedLock<string>()
    lock.tryAcquire('a')
    expect(lock.tryAcquire('b')).toBeDefined()
  })

  it('of work that runs once do not share it', async () => {
    const flights = new SingleFlight<string, string>()
    expect(await Promise.all(['a', 'b'].map((name) => flights.run(name, () => name)))).toEqual(['a', 'b'])
  })
})
