import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { DEFAULT_SERVER } from '../../src/config/server-schema.ts'
import { provide, type Container } from '../../src/container/index.ts'
import { HttpServer } from '../../src/http/server.ts'
import { openServerSessions } from '../../src/http/server-sessions.ts'
import { REQUEST, requestParts, SESSION } from '../../src/http/request-parts.ts'
import type { Mode, SessionManager, Sessions } from '../../src/session/index.ts'
import { RedisServer, whyNoRedis } from '../support/redis-server.ts'
import { FakeRuntime } from './fake-runtime.ts'

const logger = pino({ level: 'silent' })

async function opened(sessions: string): Promise<Sessions<Mode>> {
  return openServerSessions({ sessions, sessionTtlMs: 60_000 }, logger)
}

function containerOf(sessions: Sessions<Mode>): Container {
  const principalOf = ({ headers }: FastifyRequest): { name: string } => ({
    name: headers.authorization ?? '',
  })
  return requestParts({ sessions, logger, principalOf })
}

/** The session of one request, and the end of that request. */
async function inRequest<R>(
  container: Container,
  headers: Record<string, string>,
  use: (session: SessionManager) => R,
): Promise<R> {
  await using scope = container.beginRequest([provide(REQUEST, { headers } as unknown as FastifyRequest)])
  return await use(scope.resolve(SESSION))
}

it('each caller has sessions of its own, whatever name it asks for', async () => {
  const container = containerOf(await opened('memory'))
  const job = { authorization: 'ann', 'leasehold-session': 'job' }
  await inRequest(container, job, (session) => session.set('n', 1))
  expect(await inRequest(container, job, (session) => session.get('n'))).toBe(1)
  for (const headers of [
    { authorization: 'ann' },
    { 'leasehold-session': 'job' },
    { authorization: 'bob', 'leasehold-session': 'job' },
    { authorization: 'bob', 'leasehold-session': 'ann:job' },
  ])
    expect(await inRequest(container, headers, (session) => session.read())).toBeUndefined()
})

it.each(['a b', 'a{b}', 'x'.repeat(129), 'a/b'])('refuses the session %j', async (name) => {
  const container = containerOf(await opened('memory'))
  await expect(inRequest(container, { 'leasehold-session': name }, () => {})).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    field: 'leasehold-session',
  })
})

it('requests side by side lose nothing, in a file as well, and the session ends by itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-server-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = `lmdb:${join(folder, 'sessions.mdb')}`
  const sessions = await opened(path)
  const container = containerOf(sessions)
  const add = (session: SessionManager): unknown => session.apply('n', { inc: 1 })
  await Promise.all(Array.from({ length: 50 }, () => inRequest(container, {}, add)))
  await container.close()
  await sessions.close()
  await using again = await opened(path)
  const [id = ''] = (await again.list()).ids
  expect(await again.open(id).get('n')).toBe(50)
  expect(await again.open(id).touch({ ttlMs: 1 })).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(await again.open(id).read()).toBeUndefined()
})

it('keeps them in Redis where it is told to', async (ctx) => {
  const reason = whyNoRedis()
  if (reason !== undefined) return ctx.skip(reason)
  const redis = await RedisServer.start()
  onTestFinished(() => redis.end())
  await using first = await opened(redis.url)
  await using second = await opened(redis.url)
  await inRequest(containerOf(first), {}, (session) => session.set('n', 1))
  expect(await inRequest(containerOf(second), {}, (session) => session.get('n'))).toBe(1)
})

it('a server leaves open the sessions that it was given', async () => {
  const sessions = await opened('memory')
  const runtime = new FakeRuntime('minilm')
  const server = new HttpServer(runtime, { ...DEFAULT_SERVER, port: 0 }, { logger, sessions })
  await server.inject('/livez')
  await server.close()
  expect(await sessions.checkHealth()).toMatchObject({ isHealthy: true })
})
