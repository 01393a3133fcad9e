import { Mutex, withTimeout } from 'async-mutex'
import { Keyv } from 'keyv'
import session from 'express-session'
import { expressStore, memoryBackend, openSessions } from '../../dist/session/index.js'
import { perOperation } from '../lib/measure.mjs'
import { countersOnRedis } from '../lib/redis-counters.mjs'
import { startApp } from '../lib/session-apps.mjs'

const OPERATIONS = 20_000
const CLIENTS = 100
const USER = { name: 'ann', roles: ['reader'] }

/** So many callers, each of which makes its share of the operations one after the other. */
async function callers(operation) {
  const call = async () => {
    for (let i = 0; i < OPERATIONS / CLIENTS; i++) await operation()
  }
  await Promise.all(Array.from({ length: CLIENTS }, call))
}

function newSession() {
  const session = openSessions({ backend: memoryBackend() }).create()
  session.setMultiple({ n: 0, user: USER })
  return session
}

const common = { unit: 'ns/op', better: 'less' }

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    ...common,
    name: 'session.update',
    against: 'Map + async-mutex 0.5.0',
    target: 15,
    // A hundred callers add 1 in one session, which also holds a user.
    prepare() {
      const session = newSession()
      const map = new Map([['key', { n: 0, user: USER }]])
      const mutex = new Mutex()
      return {
        ours: perOperation(OPERATIONS, () => callers(() => session.atomicUpdate(({ n }) => ({ n: n + 1 })))),
        theirs: perOperation(OPERATIONS, () =>
          callers(() =>
            mutex.runExclusive(() => {
              const value = map.get('key')
              map.set('key', { ...value, n: value.n + 1 })
            }),
          ),
        ),
      }
    },
  },
  {
    ...common,
    name: 'session.update-keyv',
    against: 'keyv 5.6.0 + async-mutex 0.5.0',
    target: 30,
    // The same, as it is done with keyv.
    async prepare() {
      const session = newSession()
      const keyv = new Keyv()
      await keyv.set('key', { n: 0, user: USER })
      const mutex = new Mutex()
      return {
        ours: perOperation(OPERATIONS, () => callers(() => session.atomicUpdate(({ n }) => ({ n: n + 1 })))),
        theirs: perOperation(OPERATIONS, () =>
          callers(() =>
            mutex.runExclusive(async () => {
              const value = await keyv.get('key')
              await keyv.set('key', { ...value, n: value.n + 1 })
            }),
          ),
        ),
      }
    },
  },
  {
    ...common,
    name: 'session.update-async',
    against: 'Map + async-mutex 0.5.0 withTimeout',
    target: 5,
    // A hundred callers, each of which awaits something while nobody else may write.
    prepare() {
      const session = newSession()
      const map = new Map([['key', { n: 0, user: USER }]])
      const mutex = withTimeout(new Mutex(), 5_000)
      return {
        ours: perOperation(OPERATIONS, () =>
          callers(() =>
            session.atomicUpdateAsync(async (tx) => {
              await Promise.resolve()
              return { n: tx.fields.n + 1 }
            }),
          ),
        ),
        theirs: perOperation(OPERATIONS, () =>
          callers(() =>
            mutex.runExclusive(async () => {
              await Promise.resolve()
              const value = map.get('key')
              map.set('key', { ...value, n: value.n + 1 })
            }),
          ),
        ),
      }
    },
  },
  {
    name: 'session.memory',
    unit: 'bytes',
    better: 'less',
    against: 'a bare Map, and 50 bytes',
    target: 1,
    // Memory of one of 100,000 sessions, each with one key.
    prepare() {
      const count = 100_000
      const bytesEach = (fill) => async () => {
        gc()
        const before = process.memoryUsage().heapUsed
        const kept = fill()
        gc()
        return (process.memoryUsage().heapUsed - before) / count + (kept === undefined ? 0 : 0)
      }
      const fields = (i) => Object.freeze({ n: i })
      return {
        ours: bytesEach(() => {
          const backend = memoryBackend()
          for (let i = 0; i < count; i++) {
            const change = { expect: 'any', set: {}, remove: [], fields: fields(i) }
            backend.commit(`session ${i}`, change)
          }
          return backend
        }),
        theirs: async () => {
          const bare = await bytesEach(() => {
            const map = new Map()
            for (let i = 0; i < count; i++) map.set(`session ${i}`, fields(i))
            return map
          })()
          return bare + 50
        },
      }
    },
  },
  {
    ...common,
    name: 'session.express',
    against: 'express-session 1.19.0 MemoryStore',
    target: 0.95,
    // CPU time of a request, of caller and server together, that changes a session of one of sixteen visitors.
    async prepare() {
      const requests = 1_000
      const apps = [
        await startApp(expressStore(session, openSessions({ backend: memoryBackend() }))),
        await startApp(),
      ]
      const [ours, theirs] = await Promise.all(
        apps.map(async ({ get }) => {
          const cookies = await Promise.all(Array.from({ length: 16 }, () => get()))
          const visit = async (cookie) => {
            for (let i = 0; i < requests / cookies.length; i++) await get(cookie)
          }
          return perOperation(requests, () => Promise.all(cookies.map(visit)))
        }),
      )
      return { ours, theirs, close: () => apps.forEach((app) => app.close()) }
    },
  },
  ...['hot-watch', 'hot-lua', 'many-lua'].map((name) => ({
    name: `session.redis-${name}`,
    unit: 'op/s',
    better: 'more',
    against: name === 'hot-watch' ? 'WATCH/MULTI' : 'an increment in Lua',
    target: { 'hot-watch': 200, 'hot-lua': 8, 'many-lua': 1 }[name],
    // Two processes with 64 callers each add 1, in one session or in one of a thousand.
    prepare: () => countersOnRedis(name === 'hot-watch' ? 'watch' : 'lua', name === 'many-lua' ? 1_000 : 1),
  })),
]
