/**
 * Faults that were measured in well-known libraries (async-mutex 0.5.0, cockatiel 3.2.1, awilix 13.0.5, effect 3.22.4 and
 * Node's own AbortSignal.any). Each test does to our code what showed the fault in theirs.
 */
import fc from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { Container, Token } from '../../src/container/index.ts'
import { KeyedLock, Mutex, Semaphore, SingleFlight } from '../../src/sync/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { collectGarbage, retainedBytes } from './garbage.ts'

async function hop(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await Promise.resolve()
}

describe('cockatiel’s bulkhead', () => {
  it('rejects a request it had accepted when newcomers arrive between a release and its dequeue', async () => {
    const jobs = fc.array(fc.tuple(fc.nat(12), fc.nat(12)), { minLength: 2, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(jobs, async (jobs) => {
        const semaphore = new Semaphore(1)
        const room = 1
        await Promise.all(
          jobs.map(async ([arrive, work]) => {
            await hop(arrive)
            if (semaphore.held === 1 && semaphore.waiting >= room) return
            // Accepted: from here on nothing but its own end may end it.
            await semaphore.run(() => hop(work))
          }),
        )
        expect(semaphore).toMatchObject({ held: 0, waiting: 0 })
      }),
      { numRuns: 500, seed: 7, examples: [[[[3, 1] as [number, number], [3, 0], [5, 0], [5, 0]]]] },
    )
  })

  it('notices an abort in the queue only when it gets to it', async () => {
    const semaphore = new Semaphore(1)
    const hold = await semaphore.acquire()
    const controller = new AbortController()
    const waiting = semaphore.acquire({ signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    expect(hold.isReleased).toBe(false)
  })
})

describe('async-mutex’s withTimeout', () => {
  it('keeps a thousand waiters that have all timed out, and one error object for all', async () => {
    const clock = new ManualClock()
    const mutex = new Mutex({ clock, timeoutMs: 5 })
    await mutex.acquire()
    const outcomes = Promise.allSettled(Array.from({ length: 1_000 }, () => mutex.acquire()))
    clock.advance(5)
    expect(mutex.waiting).toBe(0)
    const errors = (await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason as Error)
    expect(new Set(errors).size).toBe(1_000)
  })
})

describe('awilix', () => {
  const PART = new Token<object>('part')

  it('leaves child scopes alone when the root is disposed', async () => {
    const container = new Container()
    const ended: string[] = []
    container.addPerRequest(PART, () => ({}), { dispose: () => ended.push('part of the request') })
    container.beginRequest().resolve(PART)
    await container.close()
    expect(ended).toEqual(['part of the request'])
  })

  it('keeps the failure of an asynchronous singleton for ever', async () => {
    const container = new Container()
    const MODEL = new Token<Promise<void>>('model')
    let tries = 0
    container.addSingleton(MODEL, () => {
      tries++
      return Promise.reject(new Error('load failed'))
    })
    for (let n = 0; n < 2; n++) await expect(container.resolve(MODEL)).rejects.toThrow('load failed')
    expect(tries).toBe(2)
  })

  it('disposes what is depended on before what depends on it', async () => {
    const container = new Container()
    const SERVICE = new Token<object>('service')
    const order: string[] = []
    container.addSingleton(PART, () => ({}), { dispose: () => order.push('part') })
    container.addSingleton(SERVICE, (resolver) => ({ part: resolver.resolve(PART) }), {
      dispose: () => order.push('service'),
    })
    container.resolve(SERVICE)
    await container.close()
    expect(order).toEqual(['service', 'part'])
  })
})

describe('effect’s RcMap', () => {
  it('asks whether the key is there, not whether it is still the same entry', async () => {
    const flights = new SingleFlight<string, number>()
    const controller = new AbortController()
    let end = (_run: number): void => {}
    const first = flights.run('m', () => new Promise((resolve) => (end = resolve)), controller)
    controller.abort()
    await expect(first).rejects.toThrow()
    const second = flights.run('m', () => new Promise((resolve) => setImmediate(resolve, 2)))
    end(1)
    await hop(10)
    // The late end of the first must not open the way for a third beside the second.
    const third = flights.run('m', () => 3)
    expect(await Promise.all([second, third])).toEqual([2, 2])

    const keyed = new KeyedLock<string>()
    const stale = await keyed.acquire('m')
    stale.release()
    const current = await keyed.acquire('m')
    stale.release()
    expect(keyed.tryAcquire('m')).toBeUndefined()
    current.release()
  })
})

describe('AbortSignal.any', () => {
  it('keeps over a kilobyte for each wait beside a signal that lives long', async () => {
    const { signal } = new AbortController()
    const mutex = new Mutex()
    const waits = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        const hold = await mutex.acquire({ signal })
        const next = mutex.acquire({ signal })
        hold.release()
        ;(await next).release()
      }
    }
    expect(await retainedBytes(() => waits(2_000))).toBeLessThan(2_000 * 100)
  })
})

describe('a million', () => {
  it('acquires and releases beside one signal leave nothing behind', async () => {
    const { signal } = new AbortController()
    const mutex = new Mutex()
    const keyed = new KeyedLock<number>()
    const cycles = (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        mutex.tryAcquire()?.release()
        keyed.tryAcquire(n)?.release()
        void mutex.acquire({ signal }).then((hold) => hold.release())
      }
      return Promise.resolve()
    }
    const batches = async (): Promise<void> => {
      for (let batch = 0; batch < 100; batch++) {
        await cycles(3_334)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    expect(await retainedBytes(batches)).toBeLessThan(1_000_000)
    expect(mutex).toMatchObject({ isHeld: false, waiting: 0 })
    expect(keyed.held).toBe(0)
  })

  it('requests leave neither scope nor instance, and a singleton does not keep the request that built it', async () => {
    const container = new Container()
    const PER_REQUEST = new Token<object>('per request')
    const SINGLETON = new Token<object>('singleton')
    container.addSingleton(SINGLETON, () => ({}))
    let first: WeakRef<object> | undefined
    container.addPerRequest(PER_REQUEST, (resolver) => {
      const instance = { singleton: resolver.resolve(SINGLETON) }
      first ??= new WeakRef(instance)
      return instance
    })
    const requests = async (): Promise<void> => {
      for (let n = 0; n < 2_000; n++) {
        const request = container.beginRequest()
        request.resolve(PER_REQUEST)
        await request.end()
      }
    }
    expect(await retainedBytes(requests)).toBeLessThan(2_000 * 100)
    await collectGarbage()
    expect(first?.deref()).toBeUndefined()
  })
})
