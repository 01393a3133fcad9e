import { describe, expect, it } from 'vitest'
import { Deferred } from '../kernel/deferred.ts'
import { LockTimeoutError } from '../kernel/errors.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { SingleFlight } from './single-flight.ts'

describe('SingleFlight', () => {
  it('does the work once for all who ask meanwhile, and answers in their order', async () => {
    const flights = new SingleFlight<string, object>()
    const work = new Deferred<object>()
    const order: number[] = []
    let runs = 0
    const callers = [0, 1, 2].map(async (n) => {
      const result = await flights.run('key', () => {
        runs++
        return work.promise
      })
      order.push(n)
      return result
    })
    expect(flights).toMatchObject({ running: 1, waiting: 3 })
    expect(flights.isRunning('key')).toBe(true)
    const value = {}
    work.resolve(value)
    const results = await Promise.all(callers)
    expect(results.every((result) => result === value)).toBe(true)
    expect(order).toEqual([0, 1, 2])
    expect(runs).toBe(1)
    expect(flights.isRunning('key')).toBe(false)
    expect(flights.stats()).toEqual({ held: 0, waiting: 0, acquired: 3, timedOut: 0, aborted: 0 })
  })

  it('keeps nothing: the next caller starts anew, after a failure too', async () => {
    const flights = new SingleFlight<string, number>()
    let runs = 0
    const work = (): number => {
      runs++
      if (runs === 2) throw new Error('second run')
      return runs
    }
    expect(await flights.run('key', work)).toBe(1)
    await expect(flights.run('key', work)).rejects.toThrow('second run')
    expect(await flights.run('key', work)).toBe(3)
  })

  it('gives every caller the failure', async () => {
    const flights = new SingleFlight<string, number>()
    const failure = new Error('no such file')
    const outcomes = await Promise.allSettled(
      [1, 2].map(() => flights.run('key', () => Promise.reject(failure))),
    )
    for (const outcome of outcomes) expect(outcome).toEqual({ status: 'rejected', reason: failure })
  })

  it('is not hurt by one that leaves', async () => {
    const flights = new SingleFlight<string, string>()
    const work = new Deferred<string>()
    const controller = new AbortController()
    let signal: AbortSignal | undefined
    const run = (options?: { signal: AbortSignal }): Promise<string> =>
      flights.run(
        'key',
        (given) => {
          signal = given
          return work.promise
        },
        options,
      )
    const first = run({ signal: controller.signal })
    const second = run()
    controller.abort()
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    expect(signal?.aborted).toBe(false)
    work.resolve('done')
    expect(await second).toBe('done')
  })

  it('ends the work when the last one aborts, and starts afresh for the next', async () => {
    const flights = new SingleFlight<string, string>()
    const controller = new AbortController()
    const stale = new Deferred<string>()
    let signal: AbortSignal | undefined
    const first = flights.run(
      'key',
      (given) => {
        signal = given
        return stale.promise
      },
      { signal: controller.signal },
    )
    controller.abort()
    expect(signal?.aborted).toBe(true)
    expect(signal?.reason).toMatchObject({ message: 'Nobody waits for this work any more.' })
    expect(flights.running).toBe(0)
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    // The work of the first comes late, while the second is under way: it must not pass for the second's.
    const fresh = new Deferred<string>()
    const second = flights.run('key', () => fresh.promise)
    stale.resolve('stale')
    await new ManualClock().settle()
    expect(flights.isRunning('key')).toBe(true)
    const third = flights.run('key', () => 'not called')
    fresh.resolve('fresh')
    expect(await Promise.all([second, third])).toEqual(['fresh', 'fresh'])
  })

  it('does the work to its end when the last one times out, for whoever comes meanwhile', async () => {
    const clock = new ManualClock()
    const flights = new SingleFlight<string, string>({ clock, name: 'loads' })
    const work = new Deferred<string>()
    let signal: AbortSignal | undefined
    const first = flights.run(
      'key',
      (given) => {
        signal = given
        return work.promise
      },
      { timeoutMs: 10 },
    )
    clock.advance(10)
    await expect(first).rejects.toThrow(LockTimeoutError)
    await expect(first).rejects.toThrow(
      `Waited 10 ms for the single flight "loads", key 'key', and did not get it.` +
        ' The work goes on; wait with a longer timeoutMs.',
    )
    expect(signal?.aborted).toBe(false)
    expect(flights).toMatchObject({ running: 1, waiting: 0 })
    const second = flights.run('key', () => 'not called')
    work.resolve('done')
    expect(await second).toBe('done')
  })

  it('takes a failure that nobody waits for any more', async () => {
    const clock = new ManualClock()
    const flights = new SingleFlight<string, string>({ clock, timeoutMs: 10 })
    const work = new Deferred<string>()
    const first = flights.run('key', () => work.promise)
    clock.advance(10)
    await expect(first).rejects.toThrow(LockTimeoutError)
    work.reject(new Error('late'))
    await clock.settle()
    expect(flights.running).toBe(0)
  })

  it('starts nothing for a caller that was refused', async () => {
    const flights = new SingleFlight<string, string>()
    const work = (): string => expect.unreachable('it must not start')
    await expect(flights.run('key', work, { timeoutMs: -1 })).rejects.toThrow(RangeError)
    await expect(flights.run('key', work, { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(flights.stats()).toMatchObject({ held: 0, waiting: 0, acquired: 0 })
  })
})
