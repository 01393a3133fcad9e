import {
  KeyedLock,
  Mutex,
  ReadWriteLock,
  ReentrantLock,
  Semaphore,
  type LockOptions,
  type LockStats,
  type WaitOptions,
} from '../../src/sync/index.ts'

export interface AnyHold extends Disposable {
  readonly isReleased: boolean
  release(): void
}

/** What every lock that lets one in at a time can do, whatever its class calls it. */
export interface ExclusiveLock {
  tryAcquire(): AnyHold | undefined
  acquire(options?: WaitOptions): Promise<AnyHold>
  run<R>(fn: () => R | Promise<R>, options?: WaitOptions): Promise<R>
  stats(): LockStats
}

/** Each way in which a lock lets one in at a time. */
export const EXCLUSIVE_LOCKS: Record<string, (options?: LockOptions) => ExclusiveLock> = {
  Mutex: (options) => new Mutex(options),
  'Semaphore of 1': (options) => new Semaphore(1, options),
  'KeyedLock, one key': (options) => {
    const lock = new KeyedLock<string>(options)
    return {
      tryAcquire: () => lock.tryAcquire('key'),
      acquire: (wait) => lock.acquire('key', wait),
      run: (fn, wait) => lock.run('key', fn, wait),
      stats: () => lock.stats(),
    }
  },
  'ReadWriteLock, writing': (options) => {
    const lock = new ReadWriteLock(options)
    return {
      tryAcquire: () => lock.tryAcquireWrite(),
      acquire: (wait) => lock.acquireWrite(wait),
      run: (fn, wait) => lock.write(fn, wait),
      stats: () => lock.stats(),
    }
  },
  'ReentrantLock, holds handed on': (options) => {
    const lock = new ReentrantLock(options)
    return {
      tryAcquire: () => lock.tryAcquire(),
      acquire: (wait) => lock.acquire(wait),
      run: (fn, wait) => lock.withHold(fn, wait),
      stats: () => lock.stats(),
    }
  },
  'ReentrantLock, sections': (options) => {
    const lock = new ReentrantLock(options)
    return {
      tryAcquire: () => lock.tryAcquire(),
      acquire: (wait) => lock.acquire(wait),
      run: (fn, wait) => lock.run(fn, wait),
      stats: () => lock.stats(),
    }
  },
  'ReentrantLock, below a hold': (options) => {
    const lock = new ReentrantLock(options)
    const outer = lock.tryAcquire()
    if (outer === undefined) throw new Error('A new lock is free.')
    // The outer hold is always out; only what happens below it is the lock under test.
    const before = lock.stats()
    return {
      tryAcquire: () => outer.tryAcquire(),
      acquire: (wait) => outer.acquire(wait),
      run: (fn, wait) => outer.withHold(fn, wait),
      stats: () => {
        const stats = lock.stats()
        return { ...stats, acquired: stats.acquired - before.acquired, held: outer.isLent ? 1 : 0 }
      },
    }
  },
}
