// Applications whose requests read and change a session, and callers for them.
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import express from 'express'
import session from 'express-session'
import fastify from 'fastify'

const SECRET = 'a secret of this benchmark, long enough for all'

/**
 * @typedef {object} App
 * @property {(path: string, cookie?: string) => Promise<{ cookie: string, text: string }>} get
 * @property {() => unknown} close
 */

/**
 * `/visit` changes the session at once, `/plus` after 2 ms of other work, `/slow` after 30.
 *
 * @param {object} [store] For express-session; its own memory store if there is none.
 * @returns {Promise<App>}
 */
export async function startExpress(store) {
  const app = express()
  app.use(session({ ...(store && { store }), secret: SECRET, resave: false, saveUninitialized: false }))
  app.get('/visit', (req, res) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    req.session.user ??= { name: 'ann', roles: ['reader', 'writer'], theme: 'dark' }
    res.send('ok')
  })
  for (const [path, ms] of Object.entries({ '/plus': 2, '/slow': 30 }))
    app.get(path, async (req, res) => {
      const { visits = 0 } = req.session
      await pause(ms)
      req.session.visits = visits + 1
      res.send('ok')
    })
  app.get('/visits', (req, res) => res.send(String(req.session.visits ?? 'none')))
  app.get('/logout', (req, res) => req.session.destroy(() => res.send('out')))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return withCaller(server.address().port, () => {
    server.close()
    server.closeAllConnections()
  })
}

/** The same with @fastify/session, as far as it is needed. */
export async function startFastify(store) {
  const app = fastify()
  await app.register(fastifyCookie)
  const cookie = { secure: false }
  await app.register(fastifySession, {
    ...(store && { store }),
    secret: SECRET,
    cookie,
    saveUninitialized: false,
  })
  app.get('/visit', async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
    return 'ok'
  })
  app.get('/plus', async ({ session }) => {
    const { visits = 0 } = session
    await pause(2)
    session.visits = visits + 1
    return 'ok'
  })
  app.get('/visits', async ({ session }) => String(session.visits ?? 'none'))
  await app.listen({ host: '127.0.0.1', port: 0 })
  return withCaller(app.server.address().port, () => app.close())
}

function withCaller(port, closeServer) {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 })
  const get = (path, cookie) =>
    new Promise((resolve, reject) => {
      const headers = cookie ? { cookie } : {}
      const call = request({ host: '127.0.0.1', port, agent, path, headers }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk))
        response.on('end', () =>
          resolve({ cookie: response.headers['set-cookie']?.[0].split(';')[0] ?? cookie, text }),
        )
      })
      call.on('error', reject).end()
    })
  return {
    get,
    close() {
      agent.destroy()
      return closeServer()
    },
  }
}

/** How many of 100 additions that come at once are kept. */
export async function keptOf100({ get }) {
  const { cookie } = await get('/visit')
  await Promise.all(Array.from({ length: 100 }, () => get('/plus', cookie)))
  return Number((await get('/visits', cookie)).text) - 1
}

/** How many of 11 logouts hold: ten that come during a request that changes the session, and one that does not. */
export async function logoutsOf11({ get }) {
  const logout = async (isBusy) => {
    const { cookie } = await get('/visit')
    const slow = isBusy ? get('/slow', cookie) : undefined
    // The other request has loaded the session by then.
    await pause(10)
    await get('/logout', cookie)
    await slow
    return (await get('/visits', cookie)).text === 'none'
  }
  const held = await Promise.all(Array.from({ length: 11 }, (_, i) => logout(i > 0)))
  return held.filter(Boolean).length
}
