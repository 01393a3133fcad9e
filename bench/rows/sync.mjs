import { Mutex as TheirMutex, Semaphore as TheirSemaphore, withTimeout } from 'async-mutex'
import { Mutex, ReentrantLock, Semaphore } from '../../dist/sync/index.js'
import { perOperation } from '../lib/measure.mjs'

const OPERATIONS = 20_000
const CALLERS = 100

/** One caller after another. */
const alone = (cycle) =>
  perOperation(OPERATIONS, async () => {
    for (let n = 0; n < OPERATIONS; n++) await cycle()
  })

/** All at once, each of them again and again: whoever comes finds 99 before it. */
const crowd = (cycle) =>
  perOperation(OPERATIONS, () =>
    Promise.all(
      Array.from({ length: CALLERS }, async () => {
        for (let n = 0; n < OPERATIONS / CALLERS; n++) await cycle()
      }),
    ),
  )

/** What a lock is for: something is awaited while it is held. */
const DONE = Promise.resolve()
const work = () => DONE

const theirCycle = (mutex) => async () => {
  const release = await mutex.acquire()
  await DONE
  release()
}
const ourCycle = (mutex) => async () => {
  const hold = await mutex.acquire()
  await DONE
  hold.release()
}

const common = { unit: 'ns/op', better: 'less', against: 'async-mutex 0.5.0 Mutex' }

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    ...common,
    name: 'sync.uncontended',
    target: 5,
    prepare() {
      const ours = new Mutex()
      const theirs = new TheirMutex()
      return {
        ours: perOperation(OPERATIONS, async () => {
          for (let n = 0; n < OPERATIONS; n++) {
            const hold = ours.tryAcquire() ?? (await ours.acquire())
            hold.release()
          }
        }),
        theirs: perOperation(OPERATIONS, async () => {
          for (let n = 0; n < OPERATIONS; n++) {
            const release = await theirs.acquire()
            release()
          }
        }),
      }
    },
  },
  {
    ...common,
    name: 'sync.uncontended-awaited',
    target: 5,
    prepare() {
      const ours = new Mutex()
      const theirs = new TheirMutex()
      return {
        ours: perOperation(OPERATIONS, async () => {
          for (let n = 0; n < OPERATIONS; n++) {
            const hold = await ours.acquire()
            hold.release()
          }
        }),
        theirs: perOperation(OPERATIONS, async () => {
          for (let n = 0; n < OPERATIONS; n++) {
            const release = await theirs.acquire()
            release()
          }
        }),
      }
    },
  },
  {
    ...common,
    name: 'sync.waiters-100',
    target: 5,
    prepare: () => ({ ours: crowd(ourCycle(new Mutex())), theirs: crowd(theirCycle(new TheirMutex())) }),
  },
  {
    ...common,
    name: 'sync.waiters-100-timeout',
    against: 'async-mutex 0.5.0 withTimeout',
    target: 5,
    prepare: () => ({
      ours: crowd(ourCycle(new Mutex({ timeoutMs: 5_000 }))),
      theirs: crowd(theirCycle(withTimeout(new TheirMutex(), 5_000))),
    }),
  },
  {
    ...common,
    name: 'sync.run',
    prepare() {
      const ours = new Mutex()
      const theirs = new TheirMutex()
      return { ours: alone(() => ours.run(work)), theirs: alone(() => theirs.runExclusive(work)) }
    },
  },
  {
    ...common,
    name: 'sync.run-waiters-100',
    prepare() {
      const ours = new Mutex()
      const theirs = new TheirMutex()
      return { ours: crowd(() => ours.run(work)), theirs: crowd(() => theirs.runExclusive(work)) }
    },
  },
  {
    ...common,
    name: 'sync.semaphore-10-of-100',
    against: 'async-mutex 0.5.0 Semaphore',
    prepare() {
      const theirs = new TheirSemaphore(10)
      return {
        ours: crowd(ourCycle(new Semaphore(10))),
        theirs: crowd(async () => {
          const [, release] = await theirs.acquire()
          await DONE
          release()
        }),
      }
    },
  },
  {
    ...common,
    name: 'sync.reentrant-waiters-100',
    prepare: () => ({
      ours: crowd(ourCycle(new ReentrantLock())),
      theirs: crowd(theirCycle(new TheirMutex())),
    }),
  },
  {
    ...common,
    name: 'sync.reentrant-sections-100',
    // Its AsyncLocalStorage slows the other side too: both are in this one process.
    prepare() {
      const ours = new ReentrantLock()
      const theirs = new TheirMutex()
      return { ours: crowd(() => ours.run(work)), theirs: crowd(() => theirs.runExclusive(work)) }
    },
  },
]
