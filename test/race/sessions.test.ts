import fc from '../support/fast-check.ts'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Deferred } from '../../src/kernel/deferred.ts'
import { openSessions, type SessionBackend } from '../../src/session/index.ts'
import { AsyncMemoryBackend } from '../support/async-memory-backend.ts'

interface Counter extends Record<string, unknown> {
  n?: number
}

/** A backend whose answers come when the schedule says so. */
function scheduled(backend: AsyncMemoryBackend, scheduler: fc.Scheduler): SessionBackend<'async'> {
  const leases = backend.leases
  const slowly =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await scheduler.schedule(Promise.resolve(), 'on its way')
      return scheduler.schedule(call(...args), 'on its way back')
    }
  return {
    mode: 'async',
    guarantees: backend.guarantees,
    read: slowly((id) => backend.read(id)),
    commit: slowly((id, change) => backend.commit(id, change)),
    list: (options) => backend.list(options),
    sweep: () => backend.sweep(),
    watch: (id, listener) => backend.watch(id, listener),
    close: () => backend.close(),
    leases: {
      acquire: slowly((id, leaseMs) => leases.acquire(id, leaseMs)),
      renew: slowly((id, fence, leaseMs) => leases.renew(id, fence, leaseMs)),
      release: slowly((id, fence) => leases.release(id, fence)),
    },
  }
}

/** Two openers of one store, and what each of them does: `true` is an update in one step, `false` one that awaits. */
async function countUp(
  scheduler: fc.Scheduler,
  updates: boolean[][],
  isRacy: boolean,
): Promise<number | undefined> {
  const store = new AsyncMemoryBackend(() => 0, isRacy)
  const openers = updates.map(() =>
    openSessions({ backend: scheduled(store.openAgain(), scheduler), timeoutMs: 60_000, leaseMs: 60_000 }),
  )
  const work = openers.map((sessions, opener) => {
    const session = sessions.open<Counter>('counter')
    const calls = updates[opener]?.map((isPlain) =>
      isPlain
        ? session.atomicUpdate(({ n = 0 }) => ({ n: n + 1 }))
        : session.atomicUpdateAsync(async (tx) => ({ n: (tx.get('n') ?? 0) + 1 })),
    )
    return Promise.all(calls ?? [])
  })
  await scheduler.waitFor(Promise.all(work))
  return (await store.read('counter'))?.fields['n'] as number | undefined
}

const updates = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }), {
  minLength: 2,
  maxLength: 3,
})

it('loses no update, however the answers of the store come', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), updates, async (scheduler, updates) => {
      expect(await countUp(scheduler, updates, false)).toBe(updates.flat().length)
    }),
    { numRuns: 100 },
  )
})

it('answers no write from what was read before it was asked for', async () => {
  const store = new AsyncMemoryBackend(() => 0, false)
  const backend = store.openAgain()
  const { promise: isOver, resolve: goOn } = new Deferred<void>()
  const read = backend.read.bind(backend)
  backend.read = async (id) => {
    const record = await read(id)
    await isOver
    return record
  }
  const session = openSessions({ backend }).open<Counter>('counter')
  const early = session.delete('n')
  await turn()
  await openSessions({ backend: store.openAgain() }).open<Counter>('counter').set('n', 1)
  const late = session.delete('n')
  goOn()
  expect(await Promise.all([early, late])).toEqual([false, true])
})

it('would see it if one were lost', async () => {
  const property = fc.asyncProperty(fc.scheduler(), updates, async (scheduler, updates) => {
    expect(await countUp(scheduler, updates, true)).toBe(updates.flat().length)
  })
  expect((await fc.check(property, { numRuns: 100 })).failed).toBe(true)
})
