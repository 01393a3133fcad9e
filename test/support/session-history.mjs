// JavaScript, because processes and threads that run the compiled library use it too.
import { setImmediate as turn } from 'node:timers/promises'

export async function recordHistory(session, { seed, callers, calls, lastVersion = () => undefined }) {
  const history = []
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      const random = randomNumbers(seed * 1_000 + caller)
      for (let i = 0; i < calls; i++) {
        const input = randomCall(random)
        const startedAt = nowNs()
        try {
          const output = await carryOut(session, input)
          history.push({ input, output, startedAt, endedAt: nowNs(), version: lastVersion() })
        } catch (error) {
          // A synchronous write that met somebody's section did nothing, and said so; so did a section that lost its lease.
          if (error.code !== 'SESSION_LOCKED' && error.code !== 'SESSION_CONFLICT') throw error
          history.push({ input: { call: 'nothing' }, output: null, startedAt, endedAt: nowNs() })
        }
        if (random() < 0.5) await turn()
      }
    }),
  )
  return history
}

/** On one machine, the clock of all threads and processes. */
function nowNs() {
  return Number(process.hrtime.bigint())
}

function randomCall(random) {
  const key = random() < 0.7 ? 'a' : 'b'
  const value = Math.floor(random() * 1_000)
  const kinds = [
    { call: 'get', key },
    { call: 'read' },
    { call: 'set', key, value },
    { call: 'setBoth', value },
    { call: 'delete', key },
    { call: 'inc', key },
    { call: 'inc', key },
    { call: 'double', key },
    { call: 'section' },
  ]
  return kinds[Math.floor(random() * kinds.length)]
}

async function carryOut(session, input) {
  const { key, value } = input
  switch (input.call) {
    case 'get':
      return (await session.get(key)) ?? null
    case 'read': {
      const { a = null, b = null } = (await session.read()) ?? {}
      return [a, b]
    }
    case 'set':
      await session.set(key, value)
      return null
    case 'setBoth':
      await session.setMultiple({ a: value, b: value })
      return null
    case 'delete':
      return session.delete(key)
    case 'inc':
      return (await session.apply(key, { inc: 1 })).value
    case 'double':
      await session.atomicUpdate((fields) => ({ [key]: ((fields[key] ?? 0) % 1_000) * 2 }))
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

/** mulberry32, by Tommy Ettinger. */
export function randomNumbers(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
