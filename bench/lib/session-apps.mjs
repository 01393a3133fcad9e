// An Express application whose requests read and change a session, and a caller for it.
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import express from 'express'
import session from 'express-session'

/** @param store For express-session; its own memory store if there is none. */
export async function startApp(store) {
  const app = express()
  app.use(session({ ...(store && { store }), secret: 'bench', resave: false, saveUninitialized: false }))
  app.get('/', (req, res) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    req.session.user ??= { name: 'ann', roles: ['reader', 'writer'], theme: 'dark' }
    res.send('ok')
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const options = { host: '127.0.0.1', port: server.address().port, agent }
  const get = (cookie) =>
    new Promise((resolve, reject) => {
      const call = request({ ...options, headers: cookie ? { cookie } : {} }, (response) => {
        response.resume()
        response.on('end', () => resolve(response.headers['set-cookie']?.[0].split(';')[0]))
      })
      call.on('error', reject).end()
    })
  return {
    get,
    close() {
      agent.destroy()
      server.close()
      server.closeAllConnections()
    },
  }
}
