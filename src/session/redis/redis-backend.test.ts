import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { RedisServer, whyNoRedis } from '../../../test/support/redis-server.ts'
import { TcpProxy } from '../../../test/support/tcp-proxy.ts'
import type { SessionEvent } from '../backend.ts'
import { openSessions, type Sessions } from '../sessions.ts'
import { redisBackend } from './redis-backend.ts'

interface Values extends Record<string, unknown> {
  n?: number
}

const reason = whyNoRedis()

describe.runIf(reason === undefined)('redis behind a bad network', () => {
  let server: RedisServer
  let proxy: TcpProxy
  let sessions: Sessions<'async'>
  let direct: Sessions<'async'>

  beforeAll(async () => {
    server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'no')
  })
  afterAll(() => server?.end())

  beforeEach(async () => {
    proxy = await TcpProxy.start(server.port)
    sessions = openSessions({ backend: await redisBackend({ url: proxy.url }), timeoutMs: 2_000 })
    direct = openSessions({ backend: await redisBackend({ url: server.url }) })
  })
  afterEach(async () => {
    await sessions.close()
    await direct.close()
    await proxy.end()
  })

  it('makes a write once whose answer was lost, and which was sent again', async () => {
    const session = sessions.create<Values>()
    await session.set('n', 0)
    for (let i = 1; i <= 5; i++) {
      proxy.isDeaf = true
      const write = session.apply('n', { inc: 1 })
      // The server has carried it out, and the answer is swallowed.
      await eventually(async () => expect(await direct.open<Values>(session.id).get('n')).toBe(i))
      proxy.isDeaf = false
      proxy.cut()
      expect((await write).value).toBe(i)
    }
    expect(await session.get('n')).toBe(5)
  })

  it('makes increments of many sessions once, whose answer was lost', async () => {
    const many = Array.from({ length: 30 }, () => sessions.create<Values>())
    for (let i = 1; i <= 3; i++) {
      proxy.isDeaf = true
      const writes = many.map((session) => session.apply('n', { inc: 1 }))
      for (const { id } of many)
        await eventually(async () => expect(await direct.open<Values>(id).get('n')).toBe(i))
      proxy.isDeaf = false
      proxy.cut()
      expect((await Promise.all(writes)).map(({ value }) => value)).toEqual(many.map(() => i))
    }
  })

  it('sends increments of many sessions as one, of which each fails alone', async () => {
    const admin = new Redis(server.url)
    const many = Array.from({ length: 150 }, () => sessions.create<Values>())
    await admin.set(`leasehold:s:{${many[7]?.id}}`, 'something else')
    await many[8]?.set('n', 'a text' as never)
    const scripts = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1])
    await sessions.create<Values>().apply('n', { inc: 1 })
    const before = await scripts()
    const outcomes = await Promise.allSettled(many.map((session) => session.apply('n', { inc: 1 })))
    const failed = outcomes.flatMap((outcome, i) =>
      outcome.status === 'rejected' ? [[i, outcome.reason]] : [],
    )
    expect(failed).toMatchObject([
      [7, { code: 'SESSION_STORE', message: expect.stringContaining('WRONGTYPE') as string }],
      [8, { code: 'INVALID_INPUT' }],
    ])
    // Two groups; an update of the text that is refused here needs no script.
    expect((await scripts()) - before).toBe(2)
    admin.disconnect()
  })

  it('makes a section once whose answer was lost', async () => {
    const session = sessions.create<Values>()
    const write = session.atomicUpdateAsync(async (tx) => {
      proxy.isDeaf = true
      return { n: (tx.get('n') ?? 0) + 1 }
    })
    await eventually(async () => expect(await direct.open<Values>(session.id).get('n')).toBe(1))
    proxy.isDeaf = false
    proxy.cut()
    await write
    expect(await session.get('n')).toBe(1)
  })

  it('says that the outcome is unknown when no answer comes in time', async () => {
    const session = sessions.create<Values>()
    await session.set('n', 0)
    proxy.freeze()
    await expect(session.apply('n', { inc: 1 })).rejects.toMatchObject({ code: 'SESSION_OUTCOME_UNKNOWN' })
    await expect(session.get('n')).rejects.toMatchObject({ code: 'SESSION_STORE' })
    expect((await session.checkHealth()).isHealthy).toBe(false)
    proxy.thaw()
    await eventually(() => session.apply('n', { inc: 1 }))
    expect([1, 2]).toContain(await session.get('n'))
    expect((await session.checkHealth()).isHealthy).toBe(true)
  })

  it('goes on when the connection is cut under many writers', async () => {
    const session = sessions.create<Values>()
    const writers = Array.from({ length: 20 }, async () => {
      for (let i = 0; i < 50; i++) await session.apply('n', { inc: 1 })
    })
    const cuts = (async () => {
      for (let i = 0; i < 10; i++) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        proxy.cut()
      }
    })()
    await Promise.all([...writers, cuts])
    expect(await session.get('n')).toBe(1_000)
  })

  it('loses its lease honestly when it cannot renew it', async () => {
    const own = openSessions({
      backend: await redisBackend({ url: proxy.url }),
      leaseMs: 60,
      timeoutMs: 1_000,
    })
    const session = own.create<Values>()
    const section = session.withLock(async (tx) => {
      proxy.freeze()
      tx.set('n', 1)
      await new Promise((resolve) => tx.signal.addEventListener('abort', resolve))
      proxy.thaw()
    })
    await expect(section).rejects.toMatchObject({ code: 'SESSION_CONFLICT' })
    expect(own.getStats().lostLeases).toBe(1)
    expect(await session.get('n')).toBeUndefined()
    await own.close()
  })

  it('keeps a lease for as long as a section takes', async () => {
    const own = openSessions({ backend: await redisBackend({ url: proxy.url }), leaseMs: 1_000 })
    const session = own.create<Values>()
    await session.withLock(async (tx) => {
      await new Promise((resolve) => setTimeout(resolve, 2_500))
      tx.set('n', 1)
    })
    expect(await session.get('n')).toBe(1)
    await own.close()
  })

  it('tells those who watch of a gap', async () => {
    const session = sessions.create<Values>()
    const events: SessionEvent[] = []
    using _watch = session.watch((event) => events.push(event))
    await eventually(async () => {
      await session.apply('n', { inc: 1 })
      expect(events).not.toHaveLength(0)
    })
    proxy.cut()
    await eventually(() => expect(events.at(-1)).toEqual({ type: 'gap', id: session.id, version: 0 }))
    await eventually(async () => {
      await session.apply('n', { inc: 1 })
      expect(events.at(-1)?.type).toBe('set')
    })
  })

  it('tells of an end that came while nobody could listen', async () => {
    const session = sessions.create<Values>()
    await session.set('n', 1, { ttlMs: 300 })
    const events: SessionEvent[] = []
    using _watch = session.watch((event) => events.push(event))
    // What expires is known before the connection goes, and looked for when it is back.
    await eventually(async () => {
      await session.set('n', 2, { ttlMs: 300 })
      expect(events).not.toHaveLength(0)
    })
    proxy.freeze()
    await new Promise((resolve) => setTimeout(resolve, 400))
    proxy.thaw()
    proxy.cut()
    await eventually(() =>
      expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['gap', 'expire'])),
    )
    expect(events.filter(({ type }) => type === 'expire')).toHaveLength(1)
  })

  it('survives that the server forgets its scripts', async () => {
    const session = sessions.create<Values>()
    await session.apply('n', { inc: 1 })
    const admin = new Redis(server.url)
    await admin.script('FLUSH')
    admin.disconnect()
    await session.apply('n', { inc: 1 })
    expect(await session.get('n')).toBe(2)
  })

  it('survives that the server is killed and started again', async () => {
    const session = sessions.create<Values>()
    const { durability } = await session.set('n', 1)
    expect(durability).toBe('process')
    await server.kill()
    const write = session.apply('n', { inc: 1 })
    await server.start()
    await write
    expect(await session.get('n')).toBe(2)
  })

  it('leaves nothing behind of a lease on a session that there is not', async () => {
    const session = sessions.create<Values>()
    await session.withLock(() => {})
    expect((await sessions.list({ prefix: session.id, limit: 10_000 })).ids).toEqual([])
    const admin = new Redis(server.url)
    expect(await admin.keys(`*${session.id}*`)).toEqual([])
    admin.disconnect()
  })
})

describe.runIf(reason === undefined)('redis with replicas', () => {
  it('answers when so many have the write, and says so when they have not', async () => {
    const primary = await RedisServer.start()
    const replica = await RedisServer.start('--replicaof', `127.0.0.1 ${primary.port}`)
    const options = { url: primary.url, replicas: 1 }
    const sessions = openSessions({ backend: await redisBackend(options), timeoutMs: 3_000 })
    const session = sessions.create<Values>()
    // The replica needs a while to get in touch.
    await eventually(() => session.set('n', 1))
    expect((await session.set('n', 1)).durability).toBe('replica')
    expect((await session.apply('n', { inc: 1 })).value).toBe(2)
    await replica.kill()
    const unknown = { code: 'SESSION_OUTCOME_UNKNOWN', message: expect.stringContaining('0 of 1') as string }
    await expect(session.set('n', 5)).rejects.toMatchObject(unknown)
    await expect(session.apply('n', { inc: 1 })).rejects.toMatchObject(unknown)
    expect(await session.get('n')).toBe(6)
    await sessions.close()
    await replica.end()
    await primary.end()
  })
})

it('goes on when its server has become a replica, and is a primary again', async (ctx) => {
  if (reason !== undefined) return ctx.skip(reason)
  const server = await RedisServer.start()
  const sessions = openSessions({ backend: await redisBackend({ url: server.url }) })
  const session = sessions.create<{ n: number }>()
  await session.set('n', 1)
  const admin = new Redis(server.url)
  await admin.replicaof('127.0.0.1', 1)
  const late = session.atomicUpdate(({ n }) => ({ n: n + 1 }))
  const added = session.apply('n', { inc: 1 })
  const section = session.withLock((tx) => tx.set('n', Number(tx.get('n')) + 1))
  await eventually(async () => expect(await admin.info('errorstats')).toContain('READONLY'))
  await admin.replicaof('NO', 'ONE')
  await Promise.all([late, added, section])
  expect(await session.get('n')).toBe(4)
  admin.disconnect()
  await sessions.close()
  await server.end()
})

it('says of a replica that nothing was written', async (ctx) => {
  if (reason !== undefined) return ctx.skip(reason)
  const server = await RedisServer.start('--replicaof', '127.0.0.1 1')
  const sessions = openSessions({ backend: await redisBackend({ url: server.url }), timeoutMs: 4_000 })
  await expect(sessions.create().set('n', 1)).rejects.toMatchObject({
    code: 'SESSION_STORE',
    message: expect.stringMatching(/READONLY.*Nothing was written/) as string,
  })
  await sessions.close()
  await server.end()
})

it('names its keys itself', async (ctx) => {
  if (reason !== undefined) return ctx.skip(reason)
  const misnamed = redisBackend({ url: 'redis://127.0.0.1:1', redis: { keyPrefix: 'app:' } })
  await expect(misnamed).rejects.toMatchObject({ code: 'CONFIG' })
})

it('promises nothing of a server that does not tell its settings', async (ctx) => {
  if (reason !== undefined) return ctx.skip(reason)
  const server = await RedisServer.start('--appendonly', 'yes', '--rename-command', 'CONFIG', '')
  const backend = await redisBackend({ url: server.url })
  expect(backend.guarantees).toMatchObject({
    durability: 'memory',
    scope: 'cluster',
    lossOnFailover: 'possible',
  })
  await backend.close()
  const told = await redisBackend({ url: server.url, durability: 'process' })
  expect(told.guarantees.durability).toBe('process')
  await told.close()
  await server.end()
})

it('says that it does not do with a node of a cluster', async (ctx) => {
  if (reason !== undefined) return ctx.skip(reason)
  const server = await RedisServer.start('--cluster-enabled', 'yes')
  await expect(redisBackend({ url: server.url })).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('node of a cluster') as string,
  })
  await server.end()
})

it('says at once that there is no server', async (ctx) => {
  if (reason !== undefined) return ctx.skip(reason)
  const server = await RedisServer.start()
  await server.kill()
  await expect(redisBackend({ url: server.url, connectTimeoutMs: 100 })).rejects.toMatchObject({
    code: 'SESSION_STORE',
    message: expect.stringContaining('ECONNREFUSED') as string,
  })
  await server.end()
})
