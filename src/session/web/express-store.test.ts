import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import session, { type SessionOptions } from 'express-session'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { Deferred } from '../../kernel/deferred.ts'
import { memoryBackend } from '../memory-backend.ts'
import { openSessions, type Sessions } from '../sessions.ts'
import { expressStore } from './express-store.ts'
import { mirrorTo } from './framework-mirror.ts'
import type { FrameworkStoreOptions } from './framework-store.ts'

interface AppSession {
  n?: number
  user?: string | undefined
  log?: string[]
  cookie: { maxAge?: number | null; expires?: Date | null }
  save(callback: (error: unknown) => void): void
  reload(callback: (error: unknown) => void): void
  regenerate(callback: (error: unknown) => void): void
  destroy(callback: (error: unknown) => void): void
}

let sessions: Sessions<'sync'>
let close: () => Promise<void>
let origin: string
/** Held back until a test lets it go. */
let gate: Deferred<void>
let reached: number

beforeEach(() => {
  sessions = openSessions({ backend: memoryBackend() })
  gate = new Deferred()
  reached = 0
})

afterEach(async () => {
  await close()
  await sessions.close()
})

async function start(
  options: Partial<SessionOptions> = {},
  storeOptions?: FrameworkStoreOptions,
): Promise<Express> {
  const app = express()
  const store = expressStore(session, sessions, storeOptions)
  app.use(session({ store, secret: 'not secret', resave: false, saveUninitialized: false, ...options }))
  const of = (req: express.Request): AppSession => req.session as unknown as AppSession
  const wait = async (): Promise<void> => {
    reached++
    await gate.promise
  }
  app.get('/login', (req, res) => {
    of(req).user = 'ann'
    res.send('in')
  })
  app.get('/whoami', (req, res) => res.send(of(req).user ?? 'nobody'))
  app.get('/plus', async (req, res) => {
    const { n = 0 } = of(req)
    await wait()
    of(req).n = n + 1
    res.send('')
  })
  app.get('/first', (req, res) => {
    of(req).log = ['first']
    res.send('')
  })
  app.get('/log/:line', async (req, res) => {
    await wait()
    of(req).log = [...(of(req).log ?? []), req.params['line'] ?? '']
    res.send('')
  })
  app.get('/atomic', async (req, res) => {
    await wait()
    const mirror = mirrorTo(() => req.session)
    sessions.open<{ n?: number }>(req.sessionID, { mirror }).apply('n', { inc: 1 })
    res.send(String(of(req).n))
  })
  app.get('/slow', async (req, res) => {
    await wait()
    of(req).n = 1
    res.send('')
  })
  app.get('/logout', (req, res) => of(req).destroy(() => res.send('out')))
  app.get('/regenerate', (req, res) => {
    of(req).regenerate(() => {
      of(req).user = 'new'
      res.send('')
    })
  })
  app.get('/reload', (req, res) => {
    of(req).user = 'changed'
    of(req).reload(() => res.send(of(req).user))
  })
  app.get('/save', (req, res) => {
    of(req).n = 1
    of(req).save(() => {
      of(req).n = 2
      res.send('')
    })
  })
  app.get('/unset', (req, res) => {
    delete (req as { session?: unknown }).session
    res.send('')
  })
  app.get('/age/:ms', (req, res) => {
    of(req).cookie.maxAge = Number(req.params['ms'])
    of(req).user = 'old'
    res.send('')
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  close = async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return app
}

async function get(path: string, cookie?: string): Promise<{ text: string; cookie: string }> {
  const response = await fetch(origin + path, cookie === undefined ? {} : { headers: { cookie } })
  const text = await response.text()
  expect(response.status, text).toBe(200)
  return { text, cookie: response.headers.get('set-cookie')?.split(';')[0] ?? cookie ?? '' }
}

async function together(count: number, path: (i: number) => string, cookie: string): Promise<void> {
  const requests = Array.from({ length: count }, (_, i) => get(path(i), cookie))
  await eventually(() => expect(reached).toBe(count))
  gate.resolve()
  await Promise.all(requests)
}

function stored(): Record<string, unknown> {
  const [id] = sessions.list().ids
  return { ...sessions.open(id ?? 'none').read() }
}

describe('requests side by side', () => {
  it('lose none of 100 increments of a counter', async () => {
    await start({}, { counters: ['n'] })
    const { cookie } = await get('/login')
    await together(100, () => '/plus', cookie)
    expect(stored()).toMatchObject({ n: 100, user: 'ann' })
  })

  it('lose none of 100 atomic increments, mirrored or not', async () => {
    await start()
    const { cookie } = await get('/login')
    await together(100, () => '/atomic', cookie)
    expect(stored()).toMatchObject({ n: 100, user: 'ann' })
  })

  it('lose nothing that they append', async () => {
    await start()
    const { cookie } = await get('/first')
    await together(20, (i) => `/log/${i}`, cookie)
    expect((stored()['log'] as string[]).toSorted()).toEqual(
      ['first', ...Array.from({ length: 20 }, (_, i) => String(i))].toSorted(),
    )
  })

  it('cannot bring back a session that was logged out', async () => {
    await start()
    for (let round = 1; round <= 10; round++) {
      gate = new Deferred()
      reached = 0
      const { cookie } = await get('/login')
      const slow = get('/slow', cookie)
      await eventually(() => expect(reached).toBe(1))
      await get('/logout', cookie)
      gate.resolve()
      await slow
      expect((await get('/whoami', cookie)).text).toBe('nobody')
      expect(sessions.list().ids).toEqual([])
      expect(sessions.getStats().refusedRevivals).toBe(round)
    }
  })
})

describe('the habits of stores', () => {
  it('keeps a session from one request to the next', async () => {
    await start()
    const { cookie } = await get('/login')
    expect((await get('/whoami', cookie)).text).toBe('ann')
    expect((await get('/whoami')).text).toBe('nobody')
    expect((await get('/whoami', `${cookie}x`)).text).toBe('nobody')
  })

  it('saves in the middle of a request, and again at its end', async () => {
    await start()
    await get('/save')
    expect(stored()).toMatchObject({ n: 2 })
  })

  it('regenerates under another id', async () => {
    await start()
    const before = await get('/login')
    const after = await get('/regenerate', before.cookie)
    expect(after.cookie).not.toBe(before.cookie)
    expect((await get('/whoami', after.cookie)).text).toBe('new')
    expect((await get('/whoami', before.cookie)).text).toBe('nobody')
  })

  it('reloads', async () => {
    await start()
    const { cookie } = await get('/login')
    expect((await get('/reload', cookie)).text).toBe('ann')
  })

  it('unsets', async () => {
    await start({ unset: 'destroy' })
    const { cookie } = await get('/login')
    await get('/unset', cookie)
    expect(sessions.list().ids).toEqual([])
  })

  it('touches without making, and puts the end off', async () => {
    await start({ rolling: true, cookie: { maxAge: 60_000 } })
    const { cookie } = await get('/login')
    const before = stored()['cookie'] as { expires: string }
    await eventually(async () => {
      await get('/whoami', cookie)
      const after = stored()['cookie'] as { expires: string }
      expect(Date.parse(after.expires)).toBeGreaterThan(Date.parse(before.expires))
    })
    await get('/logout', cookie)
    await get('/whoami', cookie)
    expect(sessions.list().ids).toEqual([])
  })

  it('takes an age beyond 2^31 milliseconds', async () => {
    await start()
    const { cookie } = await get(`/age/${2 ** 32}`)
    expect((await get('/whoami', cookie)).text).toBe('old')
  })

  it('ends a session whose time is over', async () => {
    await start()
    const { cookie } = await get('/age/40')
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect((await get('/whoami', cookie)).text).toBe('nobody')
    expect(sessions.list().ids).toEqual([])
  })
})

it('lists, counts and clears', async () => {
  await start()
  await get('/login')
  await get('/login')
  const store = expressStore(session, sessions)
  const call = <T>(fn: (callback: (error: Error, result?: T | null) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => fn((error, result) => (error ? reject(error) : resolve(result as T))))
  expect(await call<number>((callback) => store.length?.(callback))).toBe(2)
  expect(Object.values(await call<object>((callback) => store.all?.(callback)))).toMatchObject([
    { user: 'ann' },
    { user: 'ann' },
  ])
  await call((callback) => store.clear?.(callback))
  expect(await call<number>((callback) => store.length?.(callback))).toBe(0)
})
