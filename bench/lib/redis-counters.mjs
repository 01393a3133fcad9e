// One of the processes that add 1 to counters in Redis.
import { Redis } from 'ioredis'
import { openSessions } from '../../dist/session/index.js'
import { redisBackend } from '../../dist/session/redis/index.js'
import { CALLERS, countWhenAsked } from './counters.mjs'

const INCREMENT = `
  local value = cjson.decode(redis.call('GET', KEYS[1]) or '{"n":0}')
  value.n = value.n + 1
  redis.call('SET', KEYS[1], cjson.encode(value))
  return value.n`

countWhenAsked(async ({ url, keys }) => {
  const sessions = openSessions({ backend: await redisBackend({ url }), timeoutMs: 60_000 })
  const managers = Array.from({ length: keys }, (_, i) => sessions.open(`counter${i}`))
  const connect = () => {
    const redis = new Redis(url)
    redis.defineCommand('increment', { lua: INCREMENT, numberOfKeys: 1 })
    return redis
  }
  const shared = connect()
  // WATCH belongs to a connection.
  const own = Array.from({ length: CALLERS }, connect)
  return {
    ours: { add: (counter) => managers[counter % keys].apply('n', { inc: 1 }) },
    lua: { add: (counter, caller) => own[caller].increment(`lua${counter % keys}`) },
    sharedLua: { add: (counter) => shared.increment(`lua${counter % keys}`) },
    watch: {
      async add(counter, caller) {
        const redis = own[caller]
        const key = `watch${counter % keys}`
        for (;;) {
          await redis.watch(key)
          const value = JSON.parse((await redis.get(key)) ?? '{"n":0}')
          value.n++
          if (await redis.multi().set(key, JSON.stringify(value)).exec()) return
        }
      },
    },
  }
})
