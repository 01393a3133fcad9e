import { setImmediate as turn } from 'node:timers/promises'
import type { Call } from './linearizable.ts'
import type { SessionCall } from './session-model.ts'

/** The part of a session manager that histories use; also that of a compiled copy. */
export interface HistorySession {
  get(key: 'a' | 'b'): unknown
  read(): unknown
  set(key: string, value: number): unknown
  setMultiple(values: object): unknown
  delete(key: string): unknown
  apply(key: string, operation: { inc: number }): unknown
  atomicUpdate(fn: (fields: Record<string, number>) => object): unknown
  withLock(
    fn: (tx: { get(key: string): number | undefined; set(key: string, value: number): void }) => unknown,
  ): unknown
}

export interface HistoryOptions {
  readonly seed: number
  readonly callers: number
  /** Of each caller. */
  readonly calls: number
}

/** Calls made at random by several callers at once, with the times at which they began and ended. */
export async function recordHistory(
  session: object,
  options: HistoryOptions,
): Promise<Call<SessionCall, unknown>[]> {
  const history: Call<SessionCall, unknown>[] = []
  await Promise.all(
    Array.from({ length: options.callers }, async (_, caller) => {
      const random = randomNumbers(options.seed * 1_000 + caller)
      for (let i = 0; i < options.calls; i++) {
        const input = randomCall(random)
        const startedAt = Number(process.hrtime.bigint())
        try {
          const output = await carryOut(session as HistorySession, input)
          history.push({ input, output, startedAt, endedAt: Number(process.hrtime.bigint()) })
        } catch (error) {
          // A write that met somebody's section did nothing, and says so.
          if ((error as { code?: string }).code !== 'SESSION_LOCKED') throw error
          history.push({ input: { call: 'get', key: 'none' }, output: null, startedAt, endedAt: Infinity })
        }
        if (random() < 0.5) await turn()
      }
    }),
  )
  return history
}

function randomCall(random: () => number): SessionCall {
  const key = random() < 0.7 ? 'a' : 'b'
  const value = Math.floor(random() * 1_000)
  const kinds: SessionCall[] = [
    { call: 'get', key },
    { call: 'read' },
    { call: 'set', key, value },
    { call: 'setBoth', value },
    { call: 'delete', key },
    { call: 'inc', key },
    { call: 'inc', key },
    { call: 'double', key },
    { call: 'section', key },
  ]
  return kinds[Math.floor(random() * kinds.length)] as SessionCall
}

async function carryOut(session: HistorySession, input: SessionCall): Promise<unknown> {
  switch (input.call) {
    case 'get':
      return (await session.get(input.key as 'a')) ?? null
    case 'read': {
      const { a = null, b = null } = ((await session.read()) ?? {}) as Record<string, unknown>
      return [a, b]
    }
    case 'set':
      await session.set(input.key, input.value)
      return null
    case 'setBoth':
      await session.setMultiple({ a: input.value, b: input.value })
      return null
    case 'delete':
      return session.delete(input.key)
    case 'inc':
      return ((await session.apply(input.key, { inc: 1 })) as { value: number }).value
    case 'double':
      await session.atomicUpdate((fields) => ({ [input.key]: ((fields[input.key] ?? 0) % 1_000) * 2 }))
      return null
    case 'section':
      return session.withLock(async (tx) => {
        const a = (tx.get('a') ?? 0) + 1
        await turn()
        const b = (tx.get('b') ?? 0) + 1
        tx.set('a', a)
        tx.set('b', b)
        return [a, b]
      })
  }
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32, Tommy Ettinger). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
