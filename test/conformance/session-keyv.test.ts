/** The public test suite of Keyv over our store, in every backend. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite'
import { Keyv } from 'keyv'
import * as vitest from 'vitest'
import { keyvStore, memoryBackend, openSessions, type Mode, type Sessions } from '../../src/session/index.ts'
import { lmdbBackend } from '../../src/session/lmdb/index.ts'
import { redisBackend } from '../../src/session/redis/index.ts'
import { RedisServer, whyNoRedis } from '../support/redis-server.ts'

const { afterAll, beforeAll, describe, expect, it } = vitest

function suite(
  name: string,
  start: () => Promise<{ sessions: Sessions<Mode>; end?: () => Promise<void> }>,
): void {
  describe(`keyv in ${name}`, () => {
    let sessions: Sessions<Mode>
    let end: (() => Promise<void>) | undefined

    beforeAll(async () => {
      const started = await start()
      sessions = started.sessions
      end = started.end
    })
    afterAll(async () => {
      await sessions?.close()
      await end?.()
    })

    // The suite also sets options of a store.
    const store = (): unknown => keyvStore(sessions)
    keyvTestSuite(vitest, Keyv, store)
    keyvIteratorTests(vitest, Keyv, store)

    it('keeps keys of every kind apart', async () => {
      const cache = new Keyv({ store: keyvStore(sessions), throwOnErrors: true })
      const keys = ['a{b}', 'a%7bb%7d', 'line\nbreak', '100%', 'ü:🙂', '\u0085']
      for (const key of keys) await cache.set(key, key)
      expect(await cache.get(keys)).toEqual(keys)
      const seen: string[] = []
      for await (const [key] of cache.iterator?.(undefined) ?? []) seen.push(key as string)
      expect(seen.toSorted()).toEqual(keys.toSorted())
      await cache.clear()
      expect(await cache.has(keys[0] as string)).toBe(false)
    })

    it('removes from the store what has expired, and forgets an end that was taken back', async () => {
      const cache = new Keyv({ store: keyvStore(sessions), namespace: 'ends' })
      await cache.set('short', 1, 20)
      await cache.set('kept', 1, 20)
      await cache.set('kept', 2)
      await new Promise((resolve) => setTimeout(resolve, 60))
      expect(await cache.get('kept')).toBe(2)
      expect((await sessions.list({ prefix: 'keyv:ends:' })).ids).toEqual(['keyv:ends:kept'])
    })

    it('tells of a key that no store can have', async () => {
      const cache = new Keyv({ store: keyvStore(sessions), throwOnErrors: true })
      cache.on('error', () => {})
      await expect(cache.set('k'.repeat(300), 1)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await expect(cache.get('k'.repeat(300))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    })

    it('shares its keys with sessions, which change them atomically', async () => {
      const options = { store: keyvStore(sessions), namespace: 'counts', serialize: undefined } as object
      const cache = new Keyv<number>(options)
      await cache.set('n', 0)
      const session = sessions.open<{ value: { value: number } }>('keyv:counts:n')
      const add = (): unknown =>
        session.atomicUpdate(({ value: { value } }) => ({ value: { value: value + 1 } }))
      await Promise.all(Array.from({ length: 100 }, add))
      expect(await cache.get('n')).toBe(100)
    })
  })
}

suite('memory', async () => ({ sessions: openSessions({ backend: memoryBackend() }) }))

suite('lmdb', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-keyv-'))
  const backend = await lmdbBackend({ path: join(folder, 'sessions.mdb') })
  return { sessions: openSessions({ backend }), end: async () => rmSync(folder, { recursive: true }) }
})

const reason = whyNoRedis()
if (reason === undefined)
  suite('redis', async () => {
    const server = await RedisServer.start()
    const backend = await redisBackend({ url: server.url })
    return { sessions: openSessions({ backend }), end: () => server.end() }
  })
else describe('keyv in redis', () => it('is a store for Keyv', (ctx) => ctx.skip(reason)))
