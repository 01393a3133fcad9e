import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import {
  InvalidInputError,
  LockTimeoutError,
  openSessions,
  REMOVE,
  SessionConflictError,
  SessionLockedError,
  type Mode,
  type SessionBackend,
  type SessionEvent,
  type SessionManager,
  type Sessions,
  type SessionsOptions,
} from '../../src/session/index.ts'
import { sessionModel } from '../support/session-model.ts'
import { recordHistory } from '../support/session-history.mjs'
import { isLinearizable } from '../support/linearizable.ts'

interface Values extends Record<string, unknown> {
  n?: number
  cart?: Record<string, number>
  list?: unknown[]
}

/** A function that opens the same store again, as another process would. */
export type OpenBackend = () => Promise<SessionBackend<Mode>>

/** What every backend must do, in one loop. */
export function sessionSuite(
  name: string,
  start: () => Promise<{ open: OpenBackend; end: () => Promise<void> }>,
): void {
  describe(`sessions in ${name}`, () => {
    let open: OpenBackend
    let end: () => Promise<void>
    let sessions: Sessions<Mode>
    let scope: string
    const log = { warn: vi.fn<(details: object, message: string) => void>() }

    beforeAll(async () => {
      const started = await start()
      open = started.open
      end = started.end
      sessions = await openMore()
      scope = (
        await open().then(async (backend) => {
          const { guarantees } = backend
          await backend.close()
          return guarantees
        })
      ).scope
    })

    afterAll(async () => {
      await sessions?.close()
      await end?.()
    })

    async function openMore(options: Partial<SessionsOptions<Mode>> = {}): Promise<Sessions<Mode>> {
      return openSessions({ backend: await open(), log, ...options })
    }

    function fresh(): SessionManager<Values, Mode> {
      return sessions.create<Values>()
    }

    /** What a call throws or rejects with. */
    async function failure(call: () => unknown): Promise<unknown> {
      try {
        await call()
      } catch (error) {
        return error
      }
      throw new Error('It did not fail.')
    }

    /** Both ways of failing as one: synchronous backends throw. */
    async function settle(call: () => unknown): Promise<unknown> {
      return call()
    }

    async function times(count: number, call: (i: number) => unknown): Promise<unknown[]> {
      return Promise.all(Array.from({ length: count }, (_, i) => settle(() => call(i))))
    }

    describe('E1–5: one key', () => {
      it('sets and gets', async () => {
        const session = fresh()
        const receipt = await session.set('n', 1)
        expect(receipt.version).toBeGreaterThan(0)
        expect(await session.get('n')).toBe(1)
        await session.set('n', 2)
        expect(await session.get('n')).toBe(2)
      })

      it('answers with the fallback where there is no such key', async () => {
        const session = fresh()
        expect(await session.get('n')).toBeUndefined()
        expect(await session.get('n', 5)).toBe(5)
        await session.set('nothing', null)
        expect(await session.get('nothing', 5)).toBeNull()
        expect(await session.get('toString')).toBeUndefined()
      })

      it('deletes', async () => {
        const session = fresh()
        await session.setMultiple({ n: 1, other: 2 })
        expect(await session.delete('n')).toBe(true)
        expect(await session.delete('n')).toBe(false)
        expect(await session.read()).toEqual({ other: 2 })
      })

      it('tells what exists', async () => {
        const session = fresh()
        expect(await session.exists('n')).toBe(false)
        await session.set('n', 0)
        expect(await session.exists('n')).toBe(true)
        expect(await session.exists('hasOwnProperty')).toBe(false)
      })

      it('clears', async () => {
        const session = fresh()
        await session.setMultiple({ n: 1, other: 2 })
        expect(await session.clearAll()).toBe(2)
        expect(await session.clearAll()).toBe(0)
        expect(await session.read()).toEqual({})
      })
    })

    describe('E6–9: many at once', () => {
      it('keeps 100 concurrent writes', async () => {
        const session = fresh()
        await times(100, (i) => session.set(`key${i}`, i))
        expect(Object.keys((await session.read()) ?? {})).toHaveLength(100)
      })

      it('answers 200 concurrent reads', async () => {
        const session = fresh()
        await session.set('n', 7)
        expect(new Set(await times(200, () => session.get('n')))).toEqual(new Set([7]))
      })

      it('survives 300 mixed operations', async () => {
        const session = fresh()
        await times(300, (i) => {
          if (i % 3 === 0) return session.set(`key${i % 10}`, i)
          if (i % 3 === 1) return session.get(`key${i % 10}`)
          return session.apply('n', { inc: 1 })
        })
        expect(await session.get('n')).toBe(100)
      })

      it('deletes 50 keys at once, each exactly once', async () => {
        const session = fresh()
        await session.setMultiple(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key${i}`, i])))
        const answers = await times(100, (i) => session.delete(`key${i % 50}`))
        expect(answers.filter(Boolean)).toHaveLength(50)
        expect(await session.read()).toEqual({})
      })
    })

    describe('E10–12: updates', () => {
      it('loses updates when a counter is read and then set', async () => {
        const session = fresh()
        await times(100, async () => {
          const n = (await session.get('n')) ?? 0
          await turn()
          await session.set('n', n + 1)
        })
        expect(await session.get('n')).toBeLessThan(100)
      })

      it('makes 100 of 100 atomic increments, in every form', async () => {
        const session = fresh()
        await times(100, () => session.atomicUpdate(({ n = 0 }) => ({ n: n + 1 })))
        expect(await session.get('n')).toBe(100)
        await times(100, () => session.apply('n', { inc: 1 }))
        expect(await session.get('n')).toBe(200)
        await times(25, () =>
          session.atomicUpdateAsync(async (tx) => {
            const n = tx.get('n') ?? 0
            await turn()
            return { n: n + 1 }
          }),
        )
        expect(await session.get('n')).toBe(225)
      })

      it('keeps all keys of 50 concurrent updates of one dictionary', async () => {
        const session = fresh()
        await times(50, (i) =>
          session.atomicUpdate(({ cart = {} }) => ({ cart: { ...cart, [`item${i}`]: i } })),
        )
        await times(50, (i) => session.apply('cart', { merge: { [`more${i}`]: i } }))
        expect(Object.keys((await session.get('cart')) ?? {})).toHaveLength(100)
      })

      it('fails alone when one of many updates throws', async () => {
        const session = fresh()
        const outcomes = await Promise.allSettled(
          Array.from({ length: 10 }, (_, i) =>
            settle(() =>
              session.atomicUpdate(({ n = 0 }) => {
                if (i === 5) throw new Error('not this one')
                return { n: n + 1 }
              }),
            ),
          ),
        )
        expect(outcomes.map(({ status }) => status).filter((status) => status === 'rejected')).toHaveLength(1)
        expect(await session.get('n')).toBe(9)
      })

      it('refuses an update that awaits', async () => {
        const session = fresh()
        const update = async (): Promise<object> => ({ n: 1 })
        expect(await failure(() => session.atomicUpdate(update as never))).toBeInstanceOf(TypeError)
        expect(await session.exists('n')).toBe(false)
      })

      it.each<[string, unknown]>([
        ['a number', 5],
        ['a text', 'text'],
        ['null', null],
      ])('refuses an update that returns %s', async (_name, value) => {
        const session = fresh()
        expect(await failure(() => session.atomicUpdate((() => value) as never))).toBeInstanceOf(TypeError)
        expect(await session.read()).toBeUndefined()
      })

      it('removes a key in an update', async () => {
        const session = fresh()
        await session.setMultiple({ n: 1, other: 2 })
        await session.atomicUpdate(() => ({ n: REMOVE, third: 3 }))
        expect(await session.read()).toEqual({ other: 2, third: 3 })
      })

      it('adds many numbers at once as one after the other', async () => {
        const session = fresh()
        const steps = [1, 2, -3, 0.1, 0.2, 5, 2 ** 53 - 10, 3, 3, 3, 1e300, 1, -1e300, 1e-7, 7]
        let n = 0
        const expected = steps.map((step) => (n += step))
        const add = (step: number): unknown => session.apply('n', { inc: step })
        const receipts = (await Promise.all(steps.map((step) => settle(() => add(step))))) as {
          value: number
        }[]
        expect(receipts.map(({ value }) => value)).toEqual(expected)
        // Whole numbers may be added up on the way, as long as that changes nothing.
        await session.setMultiple({ n: 1e-7, other: 2 ** 53 - 1 })
        const more = await times(6, (i) => session.apply(i % 2 === 0 ? 'n' : 'other', { inc: 1 }))
        expect(more).toMatchObject([
          { value: 1e-7 + 1 },
          { value: 2 ** 53 },
          { value: 1e-7 + 1 + 1 },
          { value: 2 ** 53 },
          { value: 1e-7 + 1 + 1 + 1 },
          { value: 2 ** 53 },
        ])
        expect(session.getStats().sessionKeys).toBe(2)
      })

      it('keeps apart what is asked of several sessions at once', async () => {
        const [plain, short, missing] = [
          fresh(),
          fresh(),
          sessions.open<Values>(fresh().id, { mustExist: true }),
        ]
        const outcomes = await Promise.allSettled([
          settle(() => plain.apply('n', { inc: 1 })),
          settle(() => short.apply('n', { inc: 1 }, { ttlMs: 50 })),
          settle(() => missing.apply('n', { inc: 1 })),
        ])
        expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
        await eventually(async () => expect(await short.read()).toBeUndefined())
        expect(await plain.read()).toEqual({ n: 1 })
        expect(await missing.read()).toBeUndefined()
      })

      it('carries out each operation', async () => {
        const session = fresh()
        expect((await session.apply('n', { inc: 0.1 })).value).toBe(0.1)
        expect((await session.apply('n', { inc: 0.2 })).value).toBe(0.1 + 0.2)
        expect((await session.apply('n', { inc: 2 ** 53 })).value).toBe(0.1 + 0.2 + 2 ** 53)
        expect((await session.apply('list', { push: { a: [] } })).value).toEqual([{ a: [] }])
        expect((await session.apply('list', { push: 'x' })).value).toEqual([{ a: [] }, 'x'])
        expect((await session.apply('cart', { merge: { a: 1 } })).value).toEqual({ a: 1 })
        expect((await session.apply('word', { cas: [undefined, 'a'] })).value).toBe('a')
        expect((await session.apply('word', { cas: ['a', 'b'] })).value).toBe('b')
        expect(await failure(() => session.apply('word', { cas: ['a', 'c'] }))).toBeInstanceOf(
          SessionConflictError,
        )
        expect(await failure(() => session.apply('word', { inc: 1 }))).toBeInstanceOf(InvalidInputError)
        expect(await failure(() => session.apply('word', { push: 1 }))).toBeInstanceOf(InvalidInputError)
        expect(await failure(() => session.apply('n', { inc: NaN }))).toBeInstanceOf(InvalidInputError)
        expect(await session.read()).toEqual({
          n: 0.1 + 0.2 + 2 ** 53,
          list: [{ a: [] }, 'x'],
          cart: { a: 1 },
          word: 'b',
        })
      })
    })

    describe('E13–15: locks', () => {
      it('goes on inside an update', async () => {
        const session = fresh()
        await session.set('n', 1)
        await session.atomicUpdate(({ n }) => {
          void session.set('inner', n)
          void session.atomicUpdate((seen) => ({ deeper: seen['inner'] }))
          return { n: (n ?? 0) + 1 }
        })
        expect(await session.read()).toEqual({ n: 2, inner: 1, deeper: 1 })
        await session.withLock(async (tx) => {
          tx.set('n', 10)
          await tx.withLock(async (inner) => {
            await turn()
            inner.set('inner', inner.get('n'))
          })
        })
        expect(await session.read()).toEqual({ n: 10, inner: 10, deeper: 1 })
      })

      it('undoes what an update did inside when it fails', async () => {
        const session = fresh()
        const failed = failure(() =>
          session.atomicUpdate(() => {
            void session.set('inner', 1)
            throw new Error('after all')
          }),
        )
        expect(await failed).toMatchObject({ message: 'after all' })
        expect(await session.exists('inner')).toBe(false)
      })

      it('serves 10 workers with 100 operations each', async () => {
        const session = fresh()
        await times(10, async (worker) => {
          for (let i = 0; i < 100; i++) {
            await session.apply('n', { inc: 1 })
            if (i % 10 === 0) await session.set(`worker${worker}`, i)
          }
        })
        expect(await session.get('n')).toBe(1_000)
      })

      it('gives up after the timeout, counts it, and leaves the holder unharmed', async () => {
        const session = fresh()
        const before = session.getStats().failedAcquisitions
        log.warn.mockClear()
        const work = session.withLock(async (tx) => {
          const error = await failure(() =>
            session.atomicUpdateAsync(async () => ({ n: 2 }), { timeoutMs: 20 }),
          )
          expect(error).toBeInstanceOf(LockTimeoutError)
          tx.set('n', 1)
        })
        await work
        expect(await session.get('n')).toBe(1)
        expect(session.getStats().failedAcquisitions).toBe(before + 1)
        expect(session.isHealthy()).toBe(false)
        expect(log.warn).toHaveBeenCalledOnce()
        expect(log.warn.mock.calls[0]?.[1]).toMatch(/Waited \d+ ms/)
        session.resetStats()
      })

      it('makes a plain write wait for a section, or refuses it', async () => {
        const session = fresh()
        let late: Promise<unknown> | undefined
        await session.withLock(async (tx) => {
          late = Promise.allSettled([settle(() => session.set('n', 2))])
          await pause(5)
          tx.set('n', 1)
        })
        const [outcome] = (await late) as PromiseSettledResult<unknown>[]
        if (outcome?.status === 'fulfilled') expect(await session.get('n')).toBe(2)
        else {
          expect(outcome?.reason).toBeInstanceOf(SessionLockedError)
          expect(await session.get('n')).toBe(1)
        }
      })

      it('lets a waiting caller go when its signal aborts', async () => {
        const session = fresh()
        const controller = new AbortController()
        await session.withLock(async () => {
          const waiting = failure(() => session.withLock(() => {}, { signal: controller.signal }))
          controller.abort(new Error('enough'))
          expect(await waiting).toMatchObject({ message: 'enough' })
        })
      })

      it('writes nothing of a section that fails, except what was flushed', async () => {
        const session = fresh()
        const failed = failure(() =>
          session.withLock(async (tx) => {
            tx.set('first', 1)
            await tx.flush()
            tx.set('second', 2)
            throw new Error('half way')
          }),
        )
        expect(await failed).toMatchObject({ message: 'half way' })
        expect(await session.read()).toEqual({ first: 1 })
      })

      it('writes once what was flushed', async () => {
        const session = fresh()
        const { writes } = session.getStats()
        await session.withLock(async (tx) => {
          tx.set('n', 1)
          await tx.flush()
        })
        expect(session.getStats().writes).toBe(writes + 1)
        expect(await session.read()).toEqual({ n: 1 })
      })

      it('writes what a section inside another has flushed, even if both fail afterwards', async () => {
        const session = fresh()
        const failed = failure(() =>
          session.withLock(async (tx) => {
            tx.set('outer', 1)
            await tx.withLock(async (inner) => {
              inner.set('inner', 2)
              await inner.flush()
              inner.set('inner', 3)
              throw new Error('half way')
            })
          }),
        )
        expect(await failed).toMatchObject({ message: 'half way' })
        expect(await session.read()).toEqual({ outer: 1, inner: 2 })
      })

      it('does not make a session again that ends during a section', async () => {
        const session = fresh()
        await session.set('n', 1, { ttlMs: 300 })
        const late = failure(() =>
          session.withLock(async (tx) => {
            await pause(400)
            tx.set('n', 2)
          }),
        )
        expect(await late).toBeInstanceOf(SessionConflictError)
        expect(await session.read()).toBeUndefined()
      })

      it('keeps sections side by side apart', async () => {
        const session = fresh()
        await session.withLock(async (tx) => {
          await Promise.all(
            Array.from({ length: 10 }, () =>
              tx.withLock(async (inner) => {
                const n = inner.get('n') ?? 0
                await turn()
                inner.set('n', n + 1)
              }),
            ),
          )
        })
        expect(await session.get('n')).toBe(10)
      })
    })

    describe('E16–18: several keys', () => {
      it('reads several keys from one moment, and writes them in one', async () => {
        const session = fresh()
        await session.setMultiple({ a: 0, b: 0 })
        const readers = times(50, async () => {
          await turn()
          const seen = await session.getMultiple(['a', 'b'])
          expect(seen.get('a')).toBe(seen.get('b'))
        })
        const writers = times(50, async (i) => {
          await turn()
          await session.setMultiple(
            new Map([
              ['a', i],
              ['b', i],
            ]),
          )
        })
        await Promise.all([readers, writers])
      })

      it('answers only with keys that exist', async () => {
        const session = fresh()
        await session.set('a', 1)
        expect(await session.getMultiple(['a', 'b', 'constructor'])).toEqual(new Map([['a', 1]]))
      })

      it('sets all or nothing', async () => {
        const session = fresh()
        await session.set('a', 1)
        expect(await failure(() => session.setMultiple({ a: 2, b: NaN }))).toBeInstanceOf(InvalidInputError)
        expect(await session.read()).toEqual({ a: 1 })
      })
    })

    describe('E19–21: statistics and health', () => {
      it('counts, turns unhealthy after a timeout, and is reset', async () => {
        const own = await openMore()
        const session = own.create<Values>()
        await session.setMultiple({ n: 1, other: 2 })
        await session.withLock(() => {})
        const { lockAcquisitions, failedAcquisitions, sessionKeys, lockTimeoutMs } = session.getStats()
        expect({ lockAcquisitions, failedAcquisitions, sessionKeys, lockTimeoutMs }).toEqual({
          lockAcquisitions: 2,
          failedAcquisitions: 0,
          sessionKeys: 2,
          lockTimeoutMs: 5_000,
        })
        own.timeoutMs = 10
        await session.withLock(async () => {
          expect(await failure(() => session.withLock(() => {}))).toBeInstanceOf(LockTimeoutError)
        })
        expect(session.isHealthy()).toBe(false)
        expect(await session.checkHealth()).toMatchObject({ isHealthy: false, failedAcquisitions: 1 })
        session.resetStats()
        expect(session.isHealthy()).toBe(true)
        expect(await session.checkHealth()).toMatchObject({ isHealthy: true })
        expect(session.getStats()).toMatchObject({
          lockAcquisitions: 0,
          failedAcquisitions: 0,
          lockTimeoutMs: 10,
        })
        await own.close()
      })
    })

    describe('E25–26: around a session', () => {
      it('copies changes into a mirror, and goes on where that fails', async () => {
        const seen: unknown[] = []
        const id = fresh().id
        let write = (set: object, removed: readonly string[]): boolean => {
          seen.push([set, removed])
          return true
        }
        const session = sessions.open<Values>(id, {
          mirror: { write: (set, removed) => write(set, removed) },
        })
        expect((await session.set('n', 1)).mirrored).toBe(true)
        await session.atomicUpdate(() => ({ n: REMOVE, other: 2 }))
        expect(seen).toEqual([
          [{ n: 1 }, []],
          [{ other: 2 }, ['n']],
        ])
        write = () => false
        expect((await session.set('n', 2)).mirrored).toBe(false)
        write = () => {
          throw new Error('the mirror is broken')
        }
        const { failedMirrors } = session.getStats()
        expect((await session.set('n', 3)).mirrored).toBe(false)
        expect(session.getStats().failedMirrors).toBe(failedMirrors + 1)
        expect(await session.get('n')).toBe(3)
      })

      it('does not let a detached task believe that it is still inside', async () => {
        const session = fresh()
        let detached: Promise<unknown> | undefined
        await session.withLock(async (tx) => {
          tx.set('n', 1)
          detached = failure(async () => {
            // While the commit is on its way, where that takes time.
            await turn()
            tx.set('n', 2)
          })
        })
        expect(await detached).toMatchObject({ code: 'LEASE_RELEASED' })
        expect(await session.get('n')).toBe(1)
      })

      it('finds the section that called, where it was asked to, and only while that lasts', async () => {
        const own = await openMore({ ambient: true, timeoutMs: 1_000 })
        const session = own.create<Values>()
        let detached: Promise<unknown> | undefined
        await session.withLock(async () => {
          await session.set('n', 1)
          expect(await session.get('n')).toBe(1)
          await session.atomicUpdateAsync(async (tx) => {
            await turn()
            return { n: (tx.get('n') ?? 0) + 1 }
          })
          await session.apply('n', { inc: 1 })
          detached = (async () => {
            await pause(5)
            return session.withLock((tx) => tx.get('n'))
          })()
        })
        expect(await session.get('n')).toBe(3)
        expect(await detached).toBe(3)
        await own.close()
      })
    })

    describe('values', () => {
      const cyclic: Record<string, unknown> = {}
      cyclic['self'] = cyclic
      class Custom {
        field = 1
      }
      let deep: unknown = 0
      for (let i = 0; i < 70; i++) deep = [deep]

      it.each<[string, unknown]>([
        ['a function', () => {}],
        ['a cycle', cyclic],
        ['an instance of a class', new Custom()],
        ['a date', new Date(0)],
        ['a map', new Map()],
        ['NaN', NaN],
        ['infinity', -Infinity],
        ['undefined', undefined],
        ['undefined inside', { a: undefined }],
        ['a hole', [1, , 2]], // oxlint-disable-line no-sparse-arrays
        ['an array with a key of its own', Object.assign([1], { extra: 1 })],
        ['a bigint', 1n],
        ['a symbol', Symbol('s')],
        ['a symbol for a key', { [Symbol('s')]: 1 }],
        ['seventy levels', deep],
      ])('refuses %s', async (_name, value) => {
        const session = fresh()
        expect(await failure(() => session.set('key', value))).toBeInstanceOf(InvalidInputError)
        expect(await session.exists('key')).toBe(false)
      })

      it.each<[string, unknown]>([
        ['zero', 0],
        ['a fraction', 0.1 + 0.2],
        ['the largest number', Number.MAX_VALUE],
        ['a text', 'grüße 🙂 \u0000 "quoted" \u2028'],
        ['half a surrogate pair', 'a\ud800b'],
        ['an empty object', {}],
        ['an empty array', []],
        ['empty things inside', { a: [], b: {}, c: [[]] }],
        ['null inside', [null, { a: null }]],
        ['keys of every kind', JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"":2,"1":3}')],
      ])('gives back %s as it was', async (_name, value) => {
        const session = fresh()
        await session.set('key', value)
        const seen = await session.get('key')
        expect(JSON.stringify(seen)).toBe(JSON.stringify(value))
        expect(seen).toEqual(value)
      })

      it.each<[unknown, string]>([
        [[1, 2], 'an array'],
        [new Map([['a', 1]]), 'an instance of Map'],
        [new Date(0), 'an instance of Date'],
      ])('takes keys from nothing but plain objects: %j', async (values, what) => {
        const session = fresh()
        const refusal = { code: 'INVALID_INPUT', message: expect.stringContaining(what) }
        expect(await failure(() => session.atomicUpdate(() => values as Values))).toMatchObject(refusal)
        expect(await failure(() => session.atomicUpdateAsync(async () => values as Values))).toMatchObject(
          refusal,
        )
        if (!(values instanceof Map))
          expect(await failure(() => session.setMultiple(values as Values))).toMatchObject(refusal)
        expect(await session.read()).toBeUndefined()
      })

      const notOperations: unknown[] = [
        null,
        {},
        { inc: 1, push: 2 },
        { merge: [1] },
        { merge: 5 },
        { cas: 5 },
        { cas: [1] },
      ]
      it.each(notOperations)('refuses what is no operation: %j', async (operation) => {
        const session = fresh()
        const refusal = { code: 'INVALID_INPUT', message: expect.stringContaining('An operation is one of') }
        expect(await failure(() => session.apply('n', operation as never))).toMatchObject(refusal)
        expect(await session.read()).toBeUndefined()
      })

      it.each([NaN, -1, '5', 1e300, null])('refuses %j for a time, and writes nothing', async (timeMs) => {
        const session = fresh()
        for (const options of [{ ttlMs: timeMs as never }, { timeoutMs: timeMs as never }])
          for (const write of [
            () => session.set('n', 1, options),
            () => session.apply('n', { inc: 1 }, options),
            () => session.touch(options),
            () => session.withLock((tx) => tx.set('n', 1), options),
          ])
            expect(await failure(write)).toBeInstanceOf(RangeError)
        expect(await session.read()).toBeUndefined()
      })

      it('names the place of what it refuses', async () => {
        const error = await failure(() => fresh().set('user', { tags: ['a', new Date(0)] }))
        expect(error).toMatchObject({ field: 'user.tags[1]', message: expect.stringContaining('Date') })
      })

      it('stores -0 as 0', async () => {
        const session = fresh()
        await session.set('key', [-0])
        await session.set('n', -0)
        expect(await session.get('key')).toEqual([0])
        expect(await session.get('n')).toBe(0)
      })

      it('hands out what nobody can change, and keeps no reference of the writer', async () => {
        const session = fresh()
        const cart = { items: [1] }
        const written = session.set('cart', cart as never)
        cart.items.push(2)
        await written
        const seen = (await session.get('cart')) as { items: number[] } | undefined
        expect(seen).toEqual({ items: [1] })
        expect(() => seen?.items.push(3)).toThrow(TypeError)
        const all = (await session.read()) as Record<string, unknown>
        expect(() => (all['n'] = 1)).toThrow(TypeError)
      })

      it('takes __proto__ for a key like any other', async () => {
        const session = fresh()
        expect(await session.get('__proto__')).toBeUndefined()
        await session.set('__proto__', { polluted: true })
        expect(await session.exists('__proto__')).toBe(true)
        expect(await session.get('__proto__')).toEqual({ polluted: true })
        await session.apply('cart', { merge: JSON.parse('{"__proto__":{"polluted":true}}') as never })
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
        expect(((await session.read()) as Record<string, unknown>)['polluted']).toBeUndefined()
        expect(await session.delete('__proto__')).toBe(true)
        expect(await session.exists('__proto__')).toBe(false)
      })

      it.each<[string, unknown]>([
        ['empty', ''],
        ['a number', 5],
        ['undefined', undefined],
        ['not well-formed', 'a\ud800'],
        ['too long', 'k'.repeat(1_025)],
      ])('refuses a key that is %s', async (_name, key) => {
        expect(await failure(() => fresh().set(key as string, 1))).toBeInstanceOf(InvalidInputError)
      })

      it.each<[string, unknown]>([
        ['empty', ''],
        ['a number', 5],
        ['too long', 'i'.repeat(257)],
        ['with braces', 'a{b}'],
        ['with a control character', 'a\n'],
      ])('refuses an id that is %s', (_name, id) => {
        expect(() => sessions.open(id as string)).toThrow(InvalidInputError)
      })

      it('bounds the size of a value and the number of keys', async () => {
        const own = await openMore({ maxKeys: 3, maxValueChars: 100 })
        const session = own.create<Values>()
        expect(await failure(() => session.set('text', 'x'.repeat(100)))).toBeInstanceOf(InvalidInputError)
        await session.setMultiple({ a: 'x'.repeat(98), b: 2, c: 3 })
        expect(await failure(() => session.set('d', 4))).toBeInstanceOf(InvalidInputError)
        await session.set('c', 5)
        await session.delete('a')
        await session.set('d', 4)
        expect(await session.read()).toEqual({ b: 2, c: 5, d: 4 })
        await own.close()
      })
    })

    describe('the end of a session', () => {
      it('comes in its place among the writes beside it', async () => {
        const session = fresh()
        const all = [() => session.set('n', 1), () => session.destroy(), () => session.set('other', 2)]
        await Promise.all(all.map(settle))
        expect(await session.read()).toEqual({ other: 2 })
        await Promise.all([() => session.set('n', 3), () => session.destroy()].map(settle))
        expect(await session.read()).toBeUndefined()
      })

      it('comes with destroy', async () => {
        const session = fresh()
        expect(await session.destroy()).toBe(false)
        await session.set('n', 1)
        expect(await session.destroy()).toBe(true)
        expect(await session.read()).toBeUndefined()
      })

      it('is final for a manager that makes none', async () => {
        const { id } = fresh()
        const session = sessions.open<Values>(id, { mustExist: true })
        expect(await failure(() => session.set('n', 1))).toBeInstanceOf(SessionConflictError)
        await sessions.open<Values>(id).set('n', 1)
        await session.set('n', 2)
        await session.destroy()
        expect(await failure(() => session.set('n', 3))).toBeInstanceOf(SessionConflictError)
        expect(await failure(() => session.withLock((tx) => tx.set('n', 3)))).toBeInstanceOf(
          SessionConflictError,
        )
        expect(await session.touch()).toBe(false)
        expect(await session.read()).toBeUndefined()
      })

      it('does not give its versions to the next session of that id', async () => {
        const session = fresh()
        const { version } = await session.set('n', 1)
        await session.destroy()
        expect((await session.set('n', 1)).version).toBeGreaterThan(version)
      })

      it('comes by itself after its time, unless it is put off', async () => {
        const own = await openMore({ ttlMs: 300 })
        const session = own.create<Values>()
        const other = own.create<Values>()
        await session.set('n', 1)
        await other.set('n', 1, { ttlMs: 60_000 })
        expect(await session.touch({ ttlMs: 900 })).toBe(true)
        await pause(400)
        expect(await session.get('n')).toBe(1)
        await pause(700)
        expect(await session.read()).toBeUndefined()
        expect(await session.touch()).toBe(false)
        expect(await other.get('n')).toBe(1)
        await own.sweep()
        const { ids } = await own.list({ prefix: session.id })
        expect(ids).toEqual([])
        await own.close()
      })
    })

    it.each<[string, object]>([
      ['timeoutMs', { timeoutMs: -1 }],
      ['timeoutMs', { timeoutMs: '5' }],
      ['leaseMs', { leaseMs: 1 }],
      ['ttlMs', { ttlMs: NaN }],
      ['maxKeys', { maxKeys: 0 }],
      ['maxValueChars', { maxValueChars: 1.5 }],
    ])('refuses a %s that is none: %j', async (name, options) => {
      const backend = await open()
      expect(() => openSessions({ backend, ...options })).toThrow(RangeError)
      expect(() => openSessions({ backend, ...options })).toThrow(name)
      await backend.close()
    })

    it('lists sessions by prefix, page by page', async () => {
      const prefix = `list-${fresh().id}-`
      await times(25, (i) => sessions.open(`${prefix}${i}`).set('n', i))
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await sessions.list({ prefix, limit: 10, ...(cursor !== undefined && { cursor }) })
        seen.push(...page.ids)
        cursor = page.cursor
      } while (cursor !== undefined)
      expect(new Set(seen)).toEqual(new Set(Array.from({ length: 25 }, (_, i) => `${prefix}${i}`)))
    })

    it('tells of changes, until it is told to stop', async () => {
      const session = fresh()
      const events: SessionEvent[] = []
      const watch = session.watch((event) => events.push(event))
      // A watch is set up on the other side some time after it was asked for.
      await eventually(async () => {
        await session.apply('n', { inc: 1 })
        expect(events.some(({ type }) => type === 'set')).toBe(true)
      })
      const { version } = await session.set('n', 0)
      await eventually(() => expect(events.at(-1)).toEqual({ type: 'set', id: session.id, version }))
      await session.destroy()
      await eventually(() => expect(events.at(-1)?.type).toBe('delete'))
      watch[Symbol.dispose]()
      const count = events.length
      await session.set('n', 2)
      await pause(100)
      expect(events).toHaveLength(count)
    })

    it('tells of an end that comes by itself, when it has come', async () => {
      const session = fresh()
      const events: SessionEvent[] = []
      using _watch = session.watch((event) => events.push(event))
      await session.set('n', 1, { ttlMs: 2_000 })
      await session.apply('n', { inc: 1 }, { ttlMs: 400 })
      const { version } = await session.apply('n', { inc: 1 })
      await eventually(() => expect(events.at(-1)?.type).toBe('expire'))
      const end = events.at(-1)?.version ?? NaN
      expect(end).toBeGreaterThanOrEqual(version)
      expect(await session.read()).toBeUndefined()
      expect(events.filter(({ type }) => type === 'expire')).toHaveLength(1)
      expect((await session.set('n', 1)).version).toBeGreaterThan(end)
    })

    it('tells of the end of a session that was there before the watch', async () => {
      const session = fresh()
      await session.set('n', 1, { ttlMs: 400 })
      const events: SessionEvent[] = []
      using _watch = session.watch((event) => events.push(event))
      await eventually(() => expect(events.map(({ type }) => type)).toEqual(['expire']))
    })

    it('answers in ways that some order of the calls explains', async () => {
      for (let seed = 1; seed <= 10; seed++) {
        const history = await recordHistory(sessions.create<Values>(), { seed, callers: 5, calls: 12 })
        expect(history).toHaveLength(60)
        expect(isLinearizable(history, sessionModel), `seed ${seed}`).toBe(true)
      }
    })

    it('keeps every update when the same store is opened twice', async (ctx) => {
      if (scope === 'process') return ctx.skip('a memory backend is a store of its own')
      const second = await openMore()
      const id = fresh().id
      await Promise.all(
        [sessions, second].map(async (one) => {
          const session = one.open<Values>(id)
          await times(50, () => session.atomicUpdate(({ n = 0 }) => ({ n: n + 1 })))
          await times(10, () => session.atomicUpdateAsync(async (tx) => ({ n: (tx.get('n') ?? 0) + 1 })))
        }),
      )
      expect(await sessions.open<Values>(id).get('n')).toBe(120)
      await second.close()
    })

    it('holds as many keys as it may, in every kind of write', async (ctx) => {
      if (scope === 'process') return ctx.skip('a memory backend is a store of its own')
      const second = await openMore()
      const session = fresh()
      const other = second.open<Values>(session.id)
      const values = Object.fromEntries(Array.from({ length: 9_990 }, (_, i) => [`key ${i}`, i]))
      await session.setMultiple(values)
      expect(await other.apply('n', { inc: 1 })).toMatchObject({ value: 1 })
      // The first opener takes its own last write for the newest, and is told better, with all there is.
      await session.atomicUpdate(({ n = 0 }) => ({ n: n + 1 }))
      await other.withLock((tx) => tx.set('n', Number(tx.get('n')) + Object.keys(tx.fields).length))
      expect(await session.read()).toEqual({ ...values, n: 9_993 })
      expect(await other.clearAll()).toBe(9_991)
      await second.close()
    })

    it('looks again before it answers an update that changes nothing', async (ctx) => {
      if (scope === 'process') return ctx.skip('a memory backend is a store of its own')
      const second = await openMore()
      const session = fresh()
      await session.set('n', 1)
      await second.open<Values>(session.id).set('n', 2)
      let seen: number | undefined
      await session.atomicUpdate(({ n }) => {
        seen = n
      })
      expect(seen).toBe(2)
      await second.close()
    })

    it('stops the late write of a holder whose lease has run out', async (ctx) => {
      if (scope === 'process') return ctx.skip('a lock in memory has no lease')
      const backend = await open()
      const { leases } = backend
      const id = fresh().id
      const own = await openMore()
      const session = own.open<Values>(id)
      const first = await leases?.acquire(id, 500)
      expect(first).toMatchObject({ isGranted: true })
      expect(await leases?.acquire(id, 500)).toMatchObject({ isGranted: false })
      await session.withLock((tx) => tx.set('n', 1))
      const fence = first?.isGranted ? first.fence : 0
      const late = await backend.commit(id, { expect: 'any', set: { n: 2 }, remove: [], fence })
      expect(late.outcome).toBe('fenced')
      expect(await leases?.renew(id, fence, 3_000)).toBe(false)
      expect(await session.get('n')).toBe(1)
      await own.close()
      await backend.close()
    })

    it('makes a plain write of another process wait for the lease', async (ctx) => {
      if (scope === 'process') return ctx.skip('a lock in memory has no lease')
      const second = await openMore()
      const id = fresh().id
      await sessions.open<Values>(id).withLock(async (tx) => {
        const write = second.open<Values>(id).set('n', 2, { timeoutMs: 30 })
        expect(await failure(() => write)).toBeInstanceOf(LockTimeoutError)
        tx.set('n', 1)
      })
      expect(await second.open<Values>(id).get('n')).toBe(1)
      expect(second.getStats().failedAcquisitions).toBe(1)
      await second.open<Values>(id).set('n', 3)
      expect(await sessions.open<Values>(id).get('n')).toBe(3)
      await second.close()
    })
  })
}
