import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSessions, type SessionBackend, type Sessions } from '../../src/session/index.ts'
import { isLinearizable, type Call } from '../support/linearizable.ts'
import { sessionModel, type SessionCall } from '../support/session-model.ts'
import {
  runProcess,
  runThread,
  SessionProcess,
  type WorkerMessage,
  type WorkerTask,
} from '../support/session-workers.ts'

export interface StressStore {
  /** How a worker opens it: `kind` and the options of the backend. */
  readonly backend: object
  open(): Promise<SessionBackend<'async'>>
  end(): Promise<void>
}

/** `npm run soak:sessions` asks for the long form. */
const isLong = process.env['SESSION_SOAK'] === 'long'
const INCREMENTS_EACH = 50
const PROCESSES = 4
const THREADS = isLong ? 100 : 4
const KILLS = isLong ? 500 : 10
const HISTORIES = isLong ? 10_000 : 5
/** Histories that are recorded at the same time, by the same workers. */
const LANES = 8
const TIMEOUT_MS = isLong ? 3 * 60 * 60_000 : 60_000
/** With a hundred threads on few cores a thread may not run for seconds. */
const LEASE_MS = isLong ? 60_000 : 3_000

/** What a backend must do for threads and processes that have it open at once. */
export function sessionStressSuite(name: string, start: () => Promise<StressStore>): void {
  describe(`sessions in ${name}, from several sides`, () => {
    let store: StressStore
    let sessions: Sessions<'async'>

    beforeAll(async () => {
      store = await start()
      sessions = openSessions({ backend: await store.open(), timeoutMs: 20_000 })
    })

    afterAll(async () => {
      await sessions?.close()
      await store?.end()
    })

    function newTask(job: string, more: object = {}): WorkerTask {
      const { id } = sessions.create()
      return { backend: store.backend, id, job, timeoutMs: TIMEOUT_MS, leaseMs: LEASE_MS, ...more }
    }

    const sides = [
      ['threads', THREADS, runThread],
      ['processes', PROCESSES, runProcess],
    ] as const

    it.each(sides)('loses no increment of %s', { timeout: TIMEOUT_MS }, async (_sides, count, run) => {
      const task = newTask('increment', { callers: 5, calls: INCREMENTS_EACH / 5 })
      let done = 0
      const hear = (message: WorkerMessage): number => (done += 'done' in message ? 1 : 0)
      await Promise.all(Array.from({ length: count }, () => run(task, hear)))
      expect(done).toBe(count)
      expect(await sessions.open(task.id).get('n')).toBe(count * INCREMENTS_EACH)
    })

    it.each(sides)(
      'answers %s as some order of the calls explains',
      { timeout: TIMEOUT_MS },
      async (_sides, _count, run) => {
        const lanes = { rounds: HISTORIES, lanes: LANES, workers: PROCESSES }
        // Short leases: a section that loses its own has done nothing.
        const task = newTask('history', { callers: 3, calls: 15, leaseMs: 3_000, ...lanes })
        const histories = new Histories(PROCESSES)
        const hear = (message: WorkerMessage): void => histories.hear(message)
        await Promise.all(Array.from({ length: PROCESSES }, (_, seed) => run({ ...task, seed }, hear)))
        expect(histories.unexplained).toEqual([])
        expect(histories.calls).toBe(HISTORIES * PROCESSES * 45)
        if (isLong) console.log(`${name}: ${histories.count} histories, ${histories.calls} calls`)
      },
    )

    it(
      'keeps what was answered to a writer that is killed, and nothing by half',
      { timeout: TIMEOUT_MS },
      async () => {
        const callers = 8
        for (let round = 0; round < KILLS; round++) {
          const task = newTask('write', { callers })
          const writer = new SessionProcess(task)
          await writer.says('acknowledged', 20 + (round % 10) * 7)
          await writer.kill()
          const acknowledged = Math.max(
            ...writer.messages.map((message) => Number(message['acknowledged'] ?? 0)),
          )
          const { a, b } = (await sessions.open<{ a: number; b: number }>(task.id).read()) ?? { a: 0, b: 0 }
          expect(a).toBe(b)
          expect(a).toBeGreaterThanOrEqual(acknowledged)
          // Beyond that there can be what was under way: one batch of all callers.
          expect(a - acknowledged).toBeLessThanOrEqual(callers)
        }
      },
    )

    it('goes on without a holder that was killed, when its lease is over', async () => {
      const task = newTask('hold', { leaseMs: 200 })
      const holder = new SessionProcess(task)
      await holder.says('holds')
      const session = sessions.open<{ n: number }>(task.id)
      const blocked = session.atomicUpdateAsync(async () => ({ n: 0 }), { timeoutMs: 50 })
      await expect(blocked).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' })
      await holder.kill()
      await session.atomicUpdateAsync(async (tx) => ({ n: (tx.get('n') ?? 0) + 1 }))
      expect(await session.get('n')).toBe(1)
    })
  })
}

/** Puts histories together from what the workers say, and checks each as soon as it is complete. */
class Histories {
  count = 0
  calls = 0
  /** The numbers of those that no order of their calls explains. */
  readonly unexplained: number[] = []
  readonly #workers: number
  readonly #parts = new Map<number, Call<SessionCall, unknown>[][]>()

  constructor(workers: number) {
    this.#workers = workers
  }

  hear({ round, history }: WorkerMessage): void {
    if (typeof round !== 'number') return
    const parts = this.#parts.get(round) ?? []
    this.#parts.set(round, parts)
    if (parts.push(history as Call<SessionCall, unknown>[]) < this.#workers) return
    // Ten thousand of them would fill the memory.
    this.#parts.delete(round)
    const calls = parts.flat()
    this.count++
    this.calls += calls.length
    if (!isLinearizable(calls, sessionModel)) this.unexplained.push(round)
  }
}
