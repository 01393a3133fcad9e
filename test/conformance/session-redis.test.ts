import { describe, it } from 'vitest'
import { redisBackend } from '../../src/session/redis/index.ts'
import { RedisServer, whyNoRedis } from '../support/redis-server.ts'
import { sessionSuite } from './session.suite.ts'

const reason = whyNoRedis()
if (reason === undefined)
  sessionSuite('redis', async () => {
    const server = await RedisServer.start()
    return { open: () => redisBackend({ url: server.url }), end: () => server.end() }
  })
else describe('sessions in redis', () => it('keeps what it promises', (ctx) => ctx.skip(reason)))
