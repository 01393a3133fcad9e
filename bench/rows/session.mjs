import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Mutex, withTimeout } from 'async-mutex'
import { Keyv } from 'keyv'
import session from 'express-session'
import { expressStore, memoryBackend, openSessions } from '../../dist/session/index.js'
import { lmdbBackend } from '../../dist/session/lmdb/index.js'
import { perOperation } from '../lib/measure.mjs'
import { startChild } from '../lib/child.mjs'
import { startCounters } from '../lib/counters.mjs'
import { startRedis, whyNoRedis } from '../lib/redis-server.mjs'
import { keptOf100, logoutsOf11, startExpress } from '../lib/session-apps.mjs'
import { STORES } from '../lib/session-stores.mjs'

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

/** What LMDB can be told to promise, and what SQLite has for it. */
const LMDB = {
  // Both wait for the disk.
  machine: { options: { durability: 'machine' }, synchronous: 'FULL', target: 50 },
  // Neither waits for the disk; SQLite's file also stays whole in a power cut, as that of the next row does.
  nosync: { options: { noSync: true }, synchronous: 'NORMAL', target: 3 },
  default: { options: {}, synchronous: 'NORMAL' },
}

/** Ways of adding in Redis without the library, and in how many sessions. */
const REDIS = {
  'hot-watch': { side: 'watch', against: 'WATCH/MULTI, a connection each', target: 200, keys: 1 },
  'hot-lua': { side: 'lua', against: 'an increment in Lua, a connection each', target: 8, keys: 1 },
  'hot-lua-shared': { side: 'sharedLua', against: 'an increment in Lua, one connection', keys: 1 },
  'many-lua': { side: 'sharedLua', against: 'an increment in Lua, one connection', target: 1, keys: 1_000 },
}

function newFile() {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-bench-'))
  return { path: join(folder, 'sessions.mdb'), remove: () => rmSync(folder, { recursive: true }) }
}

const common = { unit: 'ns/op', better: 'less' }
/** Beyond what the compiler takes for the longer of two paths. */
const WARMUPS = 10

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    ...common,
    warmups: WARMUPS,
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
    warmups: WARMUPS,
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
    warmups: WARMUPS,
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
        await startExpress(expressStore(session, openSessions({ backend: memoryBackend() }))),
        await startExpress(),
      ]
      const [ours, theirs] = await Promise.all(
        apps.map(async ({ get }) => {
          const visitors = await Promise.all(Array.from({ length: 16 }, () => get('/visit')))
          const visit = async ({ cookie }) => {
            for (let i = 0; i < requests / visitors.length; i++) await get('/visit', cookie)
          }
          return perOperation(requests, () => Promise.all(visitors.map(visit)))
        }),
      )
      return { ours, theirs, close: () => apps.forEach((app) => app.close()) }
    },
  },
  ...Object.entries(STORES).map(([name, { against, theirs, ours }]) => ({
    name: `session.kept-${name}`,
    unit: 'of 100',
    better: 'more',
    against,
    // 80 or more are lost there.
    target: 5,
    rounds: 5,
    // How many of a hundred visits that are counted at once by the same application are there afterwards.
    async prepare() {
      const missing = name === 'connect-redis' ? whyNoRedis() : undefined
      if (missing !== undefined) return { skip: missing }
      const other = await theirs()
      const own = await ours()
      return {
        ours: () => keptOf100(own),
        theirs: () => keptOf100(other),
        close: () => Promise.all([own.close(), other.close()]),
      }
    },
  })),
  {
    name: 'session.kept-keyv',
    unit: 'of 100',
    better: 'more',
    against: 'keyv 5.6.0, get and set',
    target: 5,
    rounds: 5,
    // The same without a framework.
    prepare() {
      const keptBy = (add, read) => async () => {
        const before = (await read()) ?? 0
        await Promise.all(Array.from({ length: 100 }, add))
        return (await read()) - before
      }
      const session = newSession()
      const keyv = new Keyv()
      return {
        ours: keptBy(
          () => session.atomicUpdate(({ n }) => ({ n: n + 1 })),
          () => session.get('n'),
        ),
        theirs: keptBy(
          async () => keyv.set('n', ((await keyv.get('n')) ?? 0) + 1),
          () => keyv.get('n'),
        ),
      }
    },
  },
  {
    name: 'session.logouts',
    unit: 'of 11',
    better: 'more',
    against: 'express-session 1.19.0 MemoryStore',
    target: 11,
    rounds: 5,
    // How many of eleven logouts hold, ten of which come during another request that changes the session.
    async prepare() {
      const own = await startExpress(expressStore(session, openSessions({ backend: memoryBackend() })))
      const other = await startExpress()
      return {
        ours: () => logoutsOf11(own),
        theirs: () => logoutsOf11(other),
        close: () => Promise.all([own.close(), other.close()]),
      }
    },
  },
  ...Object.entries(REDIS).map(([name, { side, against, target, keys }]) => ({
    name: `session.redis-${name}`,
    unit: 'op/s',
    better: 'more',
    against,
    ...(target !== undefined && { target }),
    // Two processes with 64 callers each add 1, in one session or in one of a thousand.
    async prepare() {
      const missing = whyNoRedis()
      if (missing !== undefined) return { skip: missing }
      const { url, close } = await startRedis()
      const counters = await startCounters('redis-counters.mjs', { url, keys })
      const countOf = (side) => async () => (await counters.count(side)).perSecond
      return {
        ours: countOf('ours'),
        theirs: countOf(side),
        close: () => counters.close().then(close),
      }
    },
  })),
  ...Object.entries(LMDB).map(([name, { options, synchronous, target }]) => ({
    name: `session.lmdb-hot-${name}`,
    rounds: 7,
    figures: [
      {
        unit: 'op/s',
        better: 'more',
        against: `node:sqlite, WAL, synchronous ${synchronous}`,
        ...(target !== undefined && { target }),
      },
      { name: 'share', unit: '', better: 'more', against: 'an equal share', target: 0.8 },
    ],
    // Two processes add 1 in one session; and the part of the one that got less.
    async prepare() {
      const [major] = process.versions.node.split('.')
      if (Number(major) < 22) return { skip: `Node ${process.versions.node} has no node:sqlite` }
      const { path, remove } = newFile()
      const counters = await startCounters('file-counters.mjs', { path, options, synchronous })
      const countOf = (side) => async () => {
        const { perSecond, share } = await counters.count(side)
        return { '': perSecond, share: side === 'ours' ? share : 1 }
      }
      const close = () => counters.close().then(remove)
      return { ours: countOf('ours'), theirs: countOf('sqlite'), close }
    },
  })),
  {
    name: 'session.lmdb-takeover',
    unit: 'ms',
    better: 'less',
    against: '50 ms',
    target: 1,
    rounds: 9,
    // From the death of a process in the midst of its writes to the end of the next write by another one.
    async prepare() {
      const { path, remove } = newFile()
      const sessions = openSessions({ backend: await lmdbBackend({ path }) })
      const session = sessions.open('counter')
      return {
        async ours() {
          const writer = await startChild('session-takeover.mjs', { path })
          await session.apply('n', { inc: 1 })
          await writer.close()
          const startMs = performance.now()
          await session.apply('n', { inc: 1 })
          return performance.now() - startMs
        },
        theirs: () => 50,
        close: () => sessions.close().then(remove),
      }
    },
  },
]
