/**
 * Races between things that come from outside: fast-check's scheduler decides in which order the work inside the locks
 * ends, callers come and go, and time passes.
 */
import fc from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { LockTimeoutError } from '../../src/kernel/errors.ts'
import { KeyedLock, Mutex, ReadWriteLock, Semaphore, SingleFlight } from '../../src/sync/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { EXCLUSIVE_LOCKS } from '../conformance/lock-kinds.ts'

const RUNS = { numRuns: 60 }

type Ending = 'done' | 'failed' | 'timed out' | 'aborted'

function endingOf(error: unknown): Ending {
  if (error instanceof LockTimeoutError) return 'timed out'
  return (error as Error).name === 'AbortError' ? 'aborted' : 'failed'
}

describe.each(Object.entries(EXCLUSIVE_LOCKS))('%s', (_kind, make) => {
  it('counts every ending once and is free at the end', async () => {
    const callers = fc.array(fc.constantFrom('works', 'fails', 'aborts', 'waits 10 ms'), {
      minLength: 1,
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), callers, async (scheduler, callers) => {
        const clock = new ManualClock()
        const lock = make({ clock })
        let inside = 0
        const endings = callers.map(async (caller, n): Promise<Ending> => {
          await scheduler.schedule(Promise.resolve(), `caller ${n} comes`)
          const controller = new AbortController()
          if (caller === 'aborts')
            void scheduler.schedule(Promise.resolve(), `caller ${n} leaves`).then(() => controller.abort())
          const work = async (): Promise<Ending> => {
            expect(++inside).toBe(1)
            await scheduler.schedule(Promise.resolve(), `caller ${n} works`)
            inside--
            if (caller === 'fails') throw new Error('inside')
            return 'done'
          }
          const timeoutMs = caller === 'waits 10 ms' ? 10 : undefined
          return lock.run(work, { signal: controller.signal, timeoutMs }).catch(endingOf)
        })
        void scheduler.schedule(Promise.resolve(), 'time passes').then(() => clock.advance(10))
        await scheduler.waitFor(Promise.all(endings))
        const outcome = await Promise.all(endings)
        const count = (ending: Ending): number => outcome.filter((other) => other === ending).length
        expect(lock.stats()).toEqual({
          held: 0,
          waiting: 0,
          acquired: count('done') + count('failed'),
          timedOut: count('timed out'),
          aborted: count('aborted'),
        })
        for (const [n, ending] of outcome.entries()) {
          if (callers[n] === 'works') expect(ending).toBe('done')
          if (callers[n] === 'fails') expect(ending).toBe('failed')
        }
        expect(clock.pendingTimers).toBe(0)
      }),
      RUNS,
    )
  })
})

it('a counter under a lock loses nothing; without one it does', async () => {
  const count = async (
    scheduler: fc.Scheduler,
    tasks: number,
    exclude: (section: () => Promise<void>) => Promise<void>,
  ): Promise<number> => {
    let counter = 0
    const increment = async (): Promise<void> => {
      const seen = await scheduler.schedule(Promise.resolve(counter), 'read')
      counter = seen + 1
    }
    await scheduler.waitFor(Promise.all(Array.from({ length: tasks }, () => exclude(increment))))
    return counter
  }
  const holds = (exclude: (section: () => Promise<void>) => Promise<void>) =>
    fc.check(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 6 }), async (scheduler, tasks) => {
        expect(await count(scheduler, tasks, exclude)).toBe(tasks)
      }),
      RUNS,
    )
  const keyed = new KeyedLock<string>()
  const table = new ReadWriteLock()
  expect(await holds((section) => keyed.run('counter', section))).toMatchObject({ failed: false })
  expect(await holds((section) => table.write(section))).toMatchObject({ failed: false })
  expect(await holds((section) => table.read(section))).toMatchObject({ failed: true })
  expect(await holds((section) => section())).toMatchObject({ failed: true })
})

it('work that is shared runs once, whatever the order in which callers come and it ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }),
      async (s, keys) => {
        const flights = new SingleFlight<string, string>()
        const running = new Map<string, number>()
        const results = keys.map(async (key, n) => {
          await s.schedule(Promise.resolve(), `caller ${n} comes`)
          return flights.run(key, async () => {
            running.set(key, (running.get(key) ?? 0) + 1)
            expect(running.get(key)).toBe(1)
            await s.schedule(Promise.resolve(), `${key} works`)
            running.set(key, 0)
            return key
          })
        })
        await s.waitFor(Promise.all(results))
        expect(await Promise.all(results)).toEqual(keys)
        expect(flights).toMatchObject({ running: 0, waiting: 0 })
      },
    ),
    RUNS,
  )
})

it('a semaphore lets in as many as it has permits, and never more', async () => {
  const counts = fc.record({
    permits: fc.integer({ min: 1, max: 3 }),
    callers: fc.integer({ min: 1, max: 8 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), counts, async (s, { permits, callers }) => {
      const semaphore = new Semaphore(permits)
      let inside = 0
      let most = 0
      const work = async (): Promise<void> => {
        most = Math.max(most, ++inside)
        await s.schedule(Promise.resolve(), 'works')
        inside--
      }
      await s.waitFor(Promise.all(Array.from({ length: callers }, () => semaphore.run(work))))
      expect(most).toBe(Math.min(permits, callers))
      expect(semaphore).toMatchObject({ held: 0, waiting: 0 })
    }),
    RUNS,
  )
})

it('a condition wakes each who waits once, or ends the wait, and gives the mutex back either way', async () => {
  const plans = fc.array(fc.constantFrom('takes', 'gives up'), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), plans, async (s, plans) => {
      const clock = new ManualClock()
      const mutex = new Mutex({ clock })
      const filled = mutex.condition('filled')
      let items = 0
      let taken = 0
      let gaveUp = 0
      const takers = plans.map(async (plan, n) => {
        await s.schedule(Promise.resolve(), `taker ${n} comes`)
        await mutex.run(async (hold) => {
          const timeoutMs = plan === 'takes' ? Infinity : 10
          try {
            await filled.waitFor(hold, () => items > 0, { timeoutMs })
            items--
            taken++
          } catch (error) {
            expect(error).toBeInstanceOf(LockTimeoutError)
            gaveUp++
          }
          expect(mutex.isHeld).toBe(true)
          expect(hold.isReleased).toBe(false)
        })
      })
      const putters = plans.map(async (_plan, n) => {
        await s.schedule(Promise.resolve(), `putter ${n} comes`)
        await mutex.run(() => {
          items++
          filled.notify()
        })
      })
      const time = s.schedule(Promise.resolve(), 'time passes').then(() => clock.advance(10))
      // There is an item for each taker, so that nobody waits for ever.
      await s.waitFor(Promise.all([...takers, ...putters, time]))
      expect(taken + gaveUp).toBe(plans.length)
      expect(taken).toBeGreaterThanOrEqual(plans.filter((plan) => plan === 'takes').length)
      expect(items).toBe(gaveUp)
      expect(mutex.isHeld).toBe(false)
      expect(filled.waiting).toBe(0)
      expect(clock.pendingTimers).toBe(0)
    }),
    RUNS,
  )
})
