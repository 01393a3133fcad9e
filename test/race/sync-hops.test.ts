/**
 * Races within one turn of the event loop: how many microtasks a task lets pass before and while it holds a lock is
 * generated. A scheduler that decides the order of whole promises does not find these, since it runs all microtasks
 * between two of its steps.
 */
import fc from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { Mutex, ReadWriteLock, ReentrantLock, Semaphore, SingleFlight } from '../../src/sync/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { EXCLUSIVE_LOCKS } from '../conformance/lock-kinds.ts'

const RUNS = { numRuns: 150 }

async function hop(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await Promise.resolve()
}

/** When a task comes, how long it works, and when, if at all, it gives up. All in microtasks. */
interface Job {
  arrive: number
  work: number
  leave: number | undefined
}

const jobs: fc.Arbitrary<Job[]> = fc.array(
  fc.record({
    arrive: fc.nat(12),
    work: fc.nat(8),
    leave: fc.option(fc.nat(16), { nil: undefined }),
  }),
  { minLength: 2, maxLength: 8 },
)

/** Aborts at the generated moment; the signal of a job that stays never does. */
function signalOf(job: Job): AbortSignal {
  const controller = new AbortController()
  if (job.leave !== undefined) void hop(job.leave).then(() => controller.abort())
  return controller.signal
}

const isAbort = (error: unknown): void => expect(error).toMatchObject({ name: 'AbortError' })

describe.each(Object.entries(EXCLUSIVE_LOCKS))('%s', (_kind, make) => {
  it('lets one in at a time, in the order of arrival, and loses nobody', async () => {
    await fc.assert(
      fc.asyncProperty(jobs, async (jobs) => {
        const lock = make()
        const queued: number[] = []
        const served: number[] = []
        const left: number[] = []
        let inside = 0
        await Promise.all(
          jobs.map(async (job, n) => {
            await hop(job.arrive)
            const signal = signalOf(job)
            if (job.arrive % 3 === 0) {
              // A newcomer that does not want to wait must not pass by those who do.
              const isWaited = lock.stats().waiting > 0
              const hold = lock.tryAcquire()
              if (hold !== undefined) expect(isWaited).toBe(false)
              hold?.release()
            }
            queued.push(n)
            const work = async (): Promise<void> => {
              served.push(n)
              expect(++inside).toBe(1)
              await hop(job.work)
              inside--
            }
            await lock.run(work, { signal }).catch((error: unknown) => {
              isAbort(error)
              left.push(n)
            })
          }),
        )
        expect(served).toEqual(queued.filter((n) => !left.includes(n)))
        expect(lock.stats()).toMatchObject({ held: 0, waiting: 0, aborted: left.length })
      }),
      RUNS,
    )
  })
})

it('Semaphore: never more holds than permits, whatever is resized meanwhile', async () => {
  const resizes = fc.array(fc.record({ when: fc.nat(20), permits: fc.nat(4) }), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(jobs, resizes, async (jobs, resizes) => {
      const semaphore = new Semaphore(2)
      let inside = 0
      const waited: number[] = []
      const served: number[] = []
      const resizing = resizes.map(async ({ when, permits }) => {
        await hop(when)
        semaphore.resize(permits)
      })
      const working = jobs.map(async (job, n) => {
        await hop(job.arrive)
        const isWaited = semaphore.waiting > 0
        let hold = semaphore.tryAcquire()
        if (hold === undefined) {
          waited.push(n)
          hold = await semaphore.acquire()
          served.push(n)
        } else expect(isWaited).toBe(false)
        inside++
        expect(semaphore.held).toBeGreaterThanOrEqual(inside)
        if (resizes.length === 0) expect(inside).toBeLessThanOrEqual(2)
        await hop(job.work)
        inside--
        hold.release()
      })
      await Promise.all(resizing)
      semaphore.resize(2)
      await Promise.all(working)
      expect(served).toEqual(waited)
      expect(semaphore.stats()).toMatchObject({ held: 0, waiting: 0, acquired: jobs.length })
    }),
    RUNS,
  )
})

it('ReadWriteLock: writers are alone, nobody waits for what does not exclude them', async () => {
  await fc.assert(
    fc.asyncProperty(jobs, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), async (jobs, writes) => {
      const lock = new ReadWriteLock()
      let readers = 0
      let writers = 0
      let left = 0
      const order: string[] = []
      await Promise.all(
        jobs.map(async (job, n) => {
          await hop(job.arrive)
          const signal = signalOf(job)
          const isWrite = writes[n] === true
          const work = async (): Promise<void> => {
            order.push(`${isWrite ? 'w' : 'r'}${n}`)
            if (isWrite) writers++
            else readers++
            expect(writers === 0 || (writers === 1 && readers === 0)).toBe(true)
            await hop(job.work)
            if (isWrite) writers--
            else readers--
            // Free, and yet somebody waits: whom for?
            expect(lock.waiting === 0 || lock.readers > 0 || lock.isWriting).toBe(true)
          }
          const done = isWrite ? lock.write(work, { signal }) : lock.read(work, { signal })
          await done.catch((error: unknown) => {
            isAbort(error)
            left++
          })
        }),
      )
      expect(order).toHaveLength(jobs.length - left)
      expect(lock.stats()).toMatchObject({ held: 0, waiting: 0, aborted: left })
    }),
    RUNS,
  )
})

it('ReentrantLock: a tree of sections, some of them left behind, excludes as it should', async () => {
  interface Section {
    arrive: number
    work: number
    isDetached: boolean
    inner: Section[]
  }
  const section = (depth: number): fc.Arbitrary<Section> =>
    fc.record({
      arrive: fc.nat(6),
      work: fc.nat(4),
      isDetached: fc.boolean(),
      inner: depth === 0 ? fc.constant([]) : fc.array(section(depth - 1), { maxLength: 3 }),
    })
  await fc.assert(
    fc.asyncProperty(fc.array(section(2), { minLength: 1, maxLength: 4 }), async (roots) => {
      const lock = new ReentrantLock()
      const detached: Promise<void>[] = []
      const running = new Set<Section>()
      const enter = async (section: Section, around: Section[]): Promise<void> => {
        await hop(section.arrive)
        await lock.run(async () => {
          // Whatever else runs is a section that this one was started in, be it by one that did not wait for it.
          for (const other of running) expect(around).toContain(other)
          running.add(section)
          await hop(section.work)
          const awaited: Promise<void>[] = []
          for (const inner of section.inner)
            (inner.isDetached ? detached : awaited).push(enter(inner, [...around, section]))
          await Promise.all(awaited)
          running.delete(section)
        })
      }
      await Promise.all(roots.map((section) => enter(section, [])))
      while (detached.length > 0) await detached.pop()
      expect(lock.stats()).toMatchObject({ held: 0, waiting: 0 })
      expect(lock.isHeld).toBe(false)
    }),
    RUNS,
  )
})

it('Condition: every item that is put is taken once, by tasks that hold the mutex', async () => {
  await fc.assert(
    fc.asyncProperty(jobs, jobs, async (takers, putters) => {
      const mutex = new Mutex()
      const filled = mutex.condition()
      const items: number[] = []
      const taken: number[] = []
      const stay = takers.slice(0, putters.length)
      const taking = stay.map(async (job) => {
        await hop(job.arrive)
        await mutex.run(async (hold) => {
          await filled.waitFor(hold, () => items.length > 0)
          expect(mutex.isHeld).toBe(true)
          taken.push(items.shift() as number)
          await hop(job.work)
        })
      })
      const putting = putters.map(async (job, n) => {
        await hop(job.arrive)
        await mutex.run(async () => {
          items.push(n)
          filled.notify()
          await hop(job.work)
        })
      })
      await Promise.all([...taking, ...putting])
      expect(taken).toHaveLength(stay.length)
      expect(new Set([...taken, ...items]).size).toBe(putters.length)
      expect(mutex.isHeld).toBe(false)
    }),
    RUNS,
  )
})

it('SingleFlight: one run at a time for a key, an answer for each who stays', async () => {
  await fc.assert(
    fc.asyncProperty(jobs, async (jobs) => {
      const flights = new SingleFlight<string, number>()
      let runs = 0
      const alive = new Set<AbortSignal>()
      let answered = 0
      let left = 0
      await Promise.all(
        jobs.map(async (job) => {
          await hop(job.arrive)
          const signal = signalOf(job)
          const work = async (given: AbortSignal): Promise<number> => {
            const run = ++runs
            // One that was given up may still run; it must have been told.
            for (const other of alive) expect(other.aborted).toBe(true)
            alive.add(given)
            await hop(job.work)
            alive.delete(given)
            return run
          }
          try {
            expect(await flights.run('key', work, { signal })).toBeLessThanOrEqual(runs)
            answered++
          } catch (error) {
            isAbort(error)
            left++
          }
        }),
      )
      await new ManualClock().settle()
      expect(answered + left).toBe(jobs.length)
      expect(flights.stats()).toMatchObject({ held: 0, waiting: 0, acquired: answered, aborted: left })
    }),
    RUNS,
  )
})
