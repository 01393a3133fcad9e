// The same application with the stores that people use today, and with ours.
import { RedisStore } from 'connect-redis'
import session from 'express-session'
import { createClient } from 'redis'
import { expressStore, frameworkStore, memoryBackend, openSessions } from '../../dist/session/index.js'
import { redisBackend } from '../../dist/session/redis/index.js'
import { startRedis } from './redis-server.mjs'
import { startExpress, startFastify } from './session-apps.mjs'

const COUNTERS = { counters: ['visits'] }

/** An application that keeps its sessions in Redis, and what that takes. */
async function onRedis(open) {
  const { url, close } = await startRedis()
  const { store, end } = await open(url)
  const app = await startExpress(store)
  return {
    ...app,
    async close() {
      app.close()
      await end()
      close()
    },
  }
}

/** The stores that people use today, and ours for the same application. */
export const STORES = {
  'express-session': {
    against: 'express-session 1.19.0 MemoryStore',
    theirs: () => startExpress(),
    ours: () => startExpress(expressStore(session, openSessions({ backend: memoryBackend() }), COUNTERS)),
  },
  'connect-redis': {
    against: 'connect-redis 9.0.0',
    theirs: () =>
      onRedis(async (url) => {
        const client = await createClient({ url }).connect()
        return { store: new RedisStore({ client }), end: () => client.close() }
      }),
    ours: () =>
      onRedis(async (url) => {
        const sessions = openSessions({ backend: await redisBackend({ url }) })
        return { store: expressStore(session, sessions, COUNTERS), end: () => sessions.close() }
      }),
  },
  'fastify-session': {
    against: '@fastify/session 11.1.3, its own store',
    theirs: () => startFastify(),
    ours: () => startFastify(frameworkStore(openSessions({ backend: memoryBackend() }), COUNTERS)),
  },
}
