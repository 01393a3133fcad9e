import { Server } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import type { ServerSettings } from '../../src/config/server-schema.ts'
import { dial, harness, until, type Harness } from './harness.ts'

const BODY = '{"model":"minilm","input":"secret words"}'
const post = (body = BODY, extra = ''): string =>
  `POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${extra}\r\n${body}`
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

async function listening(
  settings: Partial<ServerSettings> = {},
): Promise<Harness & { port: number; url: string }> {
  const test = harness(settings)
  return { ...test, ...(await test.server.listen()) }
}

/** Sends `bytes` and answers with all that comes until the server closes the connection. */
async function exchange(port: number, bytes: string): Promise<string> {
  const { socket, received, closed } = await dial(port)
  socket.write(bytes, 'latin1')
  await closed
  return received()
}

const metric = async (url: string, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
}

describe('a client that goes away', () => {
  it('withdraws its work, and nothing stays in flight', async () => {
    const { runtime, port, url } = await listening()
    runtime.hold()
    const { socket } = await dial(port)
    socket.write(post())
    await until(() => runtime.inFlight === 1)
    expect(await metric(url, 'leasehold_http_requests_in_flight')).toBe(2)
    socket.destroy()
    await until(() => runtime.inFlight === 0)
    expect(runtime.aborted).toEqual([
      new Error('The client closed the connection before the answer was sent.'),
    ])
    // The request that asks is in flight itself.
    expect(await metric(url, 'leasehold_http_requests_in_flight')).toBe(1)
  })

  it('withdraws every request that it had pipelined', async () => {
    const { runtime, port } = await listening()
    runtime.hold()
    const { socket } = await dial(port)
    socket.write(post() + post() + post())
    await until(() => runtime.inFlight === 3)
    socket.destroy()
    await until(() => runtime.inFlight === 0)
    expect(runtime.aborted).toHaveLength(3)
  })

  it('also when it was killed: then its system says that nothing more will come', async () => {
    const { runtime, port } = await listening()
    runtime.hold()
    const { socket } = await dial(port)
    socket.write(post())
    await until(() => runtime.inFlight === 1)
    socket.end()
    await until(() => runtime.aborted.length === 1)
  })

  it('in the middle of its body hurts nobody', async () => {
    const { runtime, port, url } = await listening()
    const { socket } = await dial(port)
    socket.write(post().slice(0, -10))
    await until(async () => (await metric(url, 'leasehold_http_requests_in_flight')) === 2)
    socket.destroy()
    await until(async () => (await metric(url, 'leasehold_http_requests_in_flight')) === 1)
    expect(runtime.calls).toEqual([])
  })

  it('is logged as 499 and never with its text', async () => {
    const { runtime, port, log } = await listening()
    runtime.hold()
    const { socket } = await dial(port)
    socket.write(post(BODY, 'x-request-id: mine-1\r\nAuthorization: Bearer secret-key\r\n'))
    await until(() => runtime.inFlight === 1)
    socket.destroy()
    await until(() => log.length > 0)
    expect(JSON.parse(log[0] ?? '')).toMatchObject({
      reqId: 'mine-1',
      status: 499,
      route: '/v1/embeddings',
      model: 'minilm',
      items: 1,
    })
    expect(log).toHaveLength(1)
    expect(log[0]).not.toContain('secret')
  })
})

describe('shutdown', () => {
  it('is not ready at once, refuses what is new and answers what is in flight', async () => {
    const { runtime, server, port, url } = await listening()
    runtime.hold()
    const { socket, received, closed } = await dial(port)
    socket.write(post())
    await until(() => runtime.inFlight === 1)
    const drained = server.drain(60_000)

    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const ready = await fetch(`${url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'not ready', reasons: ['the server is shutting down'] },
    ])
    const refused = await fetch(`${url}/v1/embeddings`, { method: 'POST', body: BODY })
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual([
      503,
      '1',
      'close',
    ])

    runtime.release()
    expect(await drained).toBe(true)
    await closed
    expect(received()).toMatch(/^HTTP\/1\.1 200 OK[^]*connection: close/i)
  })

  it('refuses what comes over a connection that was kept alive, and ends it', async () => {
    const { runtime, server, port } = await listening()
    const { socket, received, closed } = await dial(port)
    socket.write(get('/livez'))
    await until(() => received().includes('alive'))
    runtime.hold()
    const other = await dial(port)
    other.socket.write(post())
    await until(() => runtime.inFlight === 1)
    const drained = server.drain(60_000)
    socket.write(post())
    await closed
    expect(received()).toMatch(/HTTP\/1\.1 503 [^]*connection: close/i)
    runtime.release()
    expect(await drained).toBe(true)
  })

  it('closes connections that wait for a request, and those that were never used', async () => {
    const { server, port } = await listening()
    const used = await dial(port)
    used.socket.write(get('/livez'))
    await until(() => used.received().includes('alive'))
    const unused = await dial(port)
    expect(await server.drain(60_000)).toBe(true)
    await server.close()
    await Promise.all([used.closed, unused.closed])
  })

  it('ends when the grace does, and says that something was left', async () => {
    const { runtime, server, port } = await listening()
    runtime.hold()
    const { socket, closed } = await dial(port)
    socket.write(post())
    await until(() => runtime.inFlight === 1)
    expect(await server.drain(1)).toBe(false)
    await server.close()
    await closed
  })

  it('can be asked for again and again', async () => {
    const { server } = await listening()
    await server.close()
    await server.close()
    expect(await server.drain(10)).toBe(true)
  })
})

describe('limits', () => {
  it('lets as many connections wait as the system allows, not the 511 of Node', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen')
    await listening()
    expect(listen.mock.calls).toMatchObject([[{ backlog: 65_535 }]])
    listen.mockRestore()
  })

  it('refuses a body that says it is too large before it comes, and one that turns out so', async () => {
    const { runtime, port } = await listening({ bodyLimitBytes: 1024 })
    const announced = await dial(port)
    announced.socket.write(
      'POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n',
    )
    await until(() => announced.received().includes('}}'))
    expect(announced.received()).toMatch(/^HTTP\/1\.1 413 [^]*"code":"body_too_large"/)
    const chunked = await dial(port)
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    chunked.socket.write(
      `POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`,
    )
    await until(() => chunked.received().includes('}}'))
    expect(chunked.received()).toMatch(/^HTTP\/1\.1 413 /)
    expect(runtime.calls).toEqual([])
  })

  it.each([
    ['an announced one', `Content-Length: 5000000\r\n\r\n${'x'.repeat(5_000_000)}`],
    [
      'a chunked one',
      `Transfer-Encoding: chunked\r\n\r\n${`2000\r\n${'x'.repeat(8192)}\r\n`.repeat(600)}0\r\n\r\n`,
    ],
  ])(
    'reads the rest of %s away, so that its client gets the answer and the connection stays of use',
    async (_name, rest) => {
      const { port } = await listening({ bodyLimitBytes: 1024 })
      const { socket, received } = await dial(port)
      socket.write(`POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\n${rest}${get('/livez')}`)
      await until(() => received().endsWith('alive\n'))
      expect(received().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
    },
  )

  it.each(['gzip', 'deflate', 'br', 'nonsense'])(
    'refuses a body with Content-Encoding %s',
    async (encoding) => {
      const { url } = await listening()
      const headers = { 'content-encoding': encoding }
      const reply = await fetch(`${url}/v1/embeddings`, { method: 'POST', headers, body: BODY })
      expect(reply.status).toBe(415)
    },
  )

  it('refuses headers that are too large', async () => {
    const { port } = await listening()
    const text = await exchange(
      port,
      `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    )
    expect(text).toMatch(/^HTTP\/1\.1 431 [^]*"type":"invalid_request_error"/)
  })

  it('closes connections whose headers do not come in time', async () => {
    const { port } = await listening({ headersTimeoutMs: 50, requestTimeoutMs: 100 })
    const text = await exchange(port, 'GET /livez HTTP/1.1\r\nHost: loc')
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
  })
})

describe('what is no clean request', () => {
  it.each([
    ['two framings', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['a negative length', 'Content-Length: -1\r\n\r\n'],
    ['a length that is no number', 'Content-Length: 3x\r\n\r\nabc'],
    ['a bad chunk', 'Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n0\r\n\r\n'],
    ['a header without a colon', 'nonsense\r\n\r\n'],
  ])('refuses %s', async (_name, rest) => {
    const { runtime, port } = await listening()
    const text = await exchange(port, `POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\n${rest}`)
    expect(text === '' || text.startsWith('HTTP/1.1 400 ')).toBe(true)
    expect(runtime.calls).toEqual([])
  })

  it.each([
    'GET /livez HTTP/1.1\r\n\r\n',
    'not http at all\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ])('refuses %j', async (bytes) => {
    const { port } = await listening()
    expect(await exchange(port, bytes)).toMatch(/^(HTTP\/1\.1 400 [^]*|)$/)
  })

  it('takes the request before it along, with one answer for both', async () => {
    const { runtime, port } = await listening()
    runtime.hold()
    const { socket, received, closed } = await dial(port)
    socket.write(`${post()}garbage\r\n\r\n`)
    await closed
    expect(received().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
    await until(() => runtime.inFlight === 0)
  })

  it('answers pipelined requests in order', async () => {
    const { port } = await listening()
    const { socket, received } = await dial(port)
    socket.write(get('/livez') + post('{"model":"nope","input":"a"}') + post() + get('/livez'))
    await until(() => received().split('HTTP/1.1').length === 5 && received().endsWith('alive\n'))
    expect([...received().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '404',
      '200',
      '200',
    ])
  })

  it('survives thousands of bytes of noise', async () => {
    const { port, url } = await listening()
    let state = 1
    for (let round = 0; round < 30; round++) {
      const noise = Array.from({ length: 200 }, () =>
        String.fromCharCode((state = (state * 48_271) % 2_147_483_647) & 0xff),
      )
      const { socket, closed } = await dial(port)
      socket.end(noise.join(''), 'latin1')
      await closed
    }
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })
})
