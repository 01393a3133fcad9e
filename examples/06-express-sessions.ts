// An Express application whose sessions lose nothing when requests come side by side, and stay ended when they were ended. Needs
// `express` and `express-session`.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import session from 'express-session'
import { expressStore, memoryBackend, openSessions } from 'leasehold/session'

declare module 'express-session' {
  interface SessionData {
    visits: number
    seen: string[]
  }
}

const sessions = openSessions({ backend: memoryBackend() })
const store = expressStore(session, sessions, { counters: ['visits'] })

const app = express()
app.use(session({ store, secret: 'for this example', resave: false, saveUninitialized: false }))
app.get('/:page', async (request, response) => {
  // As applications have always been written: look, wait for something, change.
  const { visits = 0, seen = [] } = request.session
  await new Promise((resolve) => setTimeout(resolve, 20))
  request.session.visits = visits + 1
  request.session.seen = [...seen, request.params.page]
  response.send('')
})

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const get = (page: string, cookie = ''): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/${page}`, { headers: { cookie } })

const cookie = (await get('start')).headers.get('set-cookie')?.split(';')[0]
await Promise.all(Array.from({ length: 50 }, (_, i) => get(`page-${i}`, cookie)))

const [id = ''] = sessions.list().ids
const { visits, seen } = sessions.open<{ visits: number; seen: string[] }>(id).read() ?? {}
console.log(`${visits} visits, ${seen?.length} pages seen`)

server.close()
server.closeAllConnections()
await sessions.close()
if (visits !== 51 || seen?.length !== 51) throw new Error('A visit was lost.')
