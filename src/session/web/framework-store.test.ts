import cookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { Deferred } from '../../kernel/deferred.ts'
import { memoryBackend } from '../memory-backend.ts'
import { openSessions, type Sessions } from '../sessions.ts'
import { frameworkStore } from './framework-store.ts'

let sessions: Sessions<'sync'>
let app: FastifyInstance
let origin: string
let gate: Deferred<void>
let reached: number

beforeEach(async () => {
  sessions = openSessions({ backend: memoryBackend() })
  gate = new Deferred()
  reached = 0
  app = Fastify()
  await app.register(cookie)
  await app.register(fastifySession, {
    secret: 'a secret that is at least thirty-two characters long',
    cookie: { secure: false },
    saveUninitialized: false,
    store: frameworkStore(sessions, { counters: ['n'] }) as never,
  })
  app.get('/login', async (request) => {
    of(request)['user'] = 'ann'
    return 'in'
  })
  app.get('/whoami', async (request) => of(request)['user'] ?? 'nobody')
  app.get('/plus', async (request) => {
    const n = Number(of(request)['n'] ?? 0)
    reached++
    await gate.promise
    of(request)['n'] = n + 1
    return ''
  })
  app.get('/logout', async (request) => {
    await request.session.destroy()
    return 'out'
  })
  origin = await app.listen({ port: 0, host: '127.0.0.1' })
})

afterEach(async () => {
  await app.close()
  await sessions.close()
})

function of({ session }: FastifyRequest): Record<string, unknown> {
  return session as unknown as Record<string, unknown>
}

async function get(path: string, cookie = ''): Promise<{ text: string; cookie: string }> {
  const response = await fetch(origin + path, { headers: { cookie } })
  expect(response.status).toBe(200)
  return { text: await response.text(), cookie: response.headers.get('set-cookie')?.split(';')[0] ?? cookie }
}

it('loses none of 100 increments', async () => {
  const { cookie } = await get('/login')
  const requests = Array.from({ length: 100 }, () => get('/plus', cookie))
  await eventually(() => expect(reached).toBe(100))
  gate.resolve()
  await Promise.all(requests)
  expect(sessions.open(sessions.list().ids[0] ?? '').read()).toMatchObject({ n: 100, user: 'ann' })
  expect((await get('/whoami', cookie)).text).toBe('ann')
})

it('does not bring back a session that was logged out', async () => {
  const { cookie } = await get('/login')
  const slow = get('/plus', cookie)
  await eventually(() => expect(reached).toBe(1))
  await get('/logout', cookie)
  gate.resolve()
  await slow
  expect(sessions.list().ids).toEqual([])
  expect((await get('/whoami', cookie)).text).toBe('nobody')
  expect(sessions.getStats().refusedRevivals).toBe(1)
})

it('stores nothing of its own in a session', async () => {
  const { cookie } = await get('/login')
  gate.resolve()
  await get('/plus', cookie)
  const fields = sessions.open(sessions.list().ids[0] ?? '').read()
  expect(Object.keys(fields ?? {}).sort()).toEqual(['cookie', 'n', 'user'])
})

it('keeps a session whose cookie ends at no date for as long as by default', async () => {
  const store = frameworkStore(sessions, { ttlMs: 60_000 })
  await new Promise((resolve) => store.set('a', { cookie: { expires: 'soon' } }, resolve))
  expect(sessions.open('a').read()).toEqual({ cookie: { expires: 'soon' } })
})

it('passes the errors of the store on', async () => {
  const backend = memoryBackend()
  backend.read = () => {
    throw new Error('no store')
  }
  const broken = frameworkStore(openSessions({ backend }))
  const error = await new Promise((resolve) => broken.get('a', resolve))
  expect(error).toMatchObject({ message: 'no store' })
})
