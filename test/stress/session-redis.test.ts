import { describe, it } from 'vitest'
import { redisBackend } from '../../src/session/redis/index.ts'
import { RedisServer, whyNoRedis } from '../support/redis-server.ts'
import { sessionStressSuite } from './session-suite.ts'

const reason = whyNoRedis()
if (reason === undefined)
  sessionStressSuite('redis', async () => {
    const server = await RedisServer.start()
    const { url } = server
    return {
      backend: { kind: 'redis', url, connectTimeoutMs: 60_000 },
      open: () => redisBackend({ url }),
      end: () => server.end(),
    }
  })
else
  describe('sessions in redis, from several sides', () =>
    it('keeps what it promises', (ctx) => ctx.skip(reason)))
