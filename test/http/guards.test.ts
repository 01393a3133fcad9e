import { describe, expect, it } from 'vitest'
import { harness, type Harness } from './harness.ts'

type Reply = Awaited<ReturnType<Harness['server']['inject']>>
type Method = 'GET' | 'POST' | 'PUT' | 'OPTIONS' | 'DELETE' | 'PATCH' | 'HEAD'

const ask = (
  { server }: Harness,
  url: string,
  headers: Record<string, string> = {},
  method: Method = 'GET',
): Promise<Reply> =>
  server.inject({
    method,
    url,
    headers: { host: 'localhost', ...headers },
    ...(method === 'POST' && { payload: '{"model":"minilm","input":"a"}' }),
  })

describe('API keys', () => {
  const keys = ['correct-horse', 'battery-staple']
  const keyed = (): Harness => harness({ apiKeys: keys })

  it.each(keys)('lets %s in', async (key) => {
    for (const value of [`Bearer ${key}`, `bearer ${key}`, `Bearer  ${key} `]) {
      expect((await ask(keyed(), '/v1/models', { authorization: value })).statusCode).toBe(200)
    }
  })

  it.each<[string, Record<string, string>]>([
    ['no key', {}],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a part of one', { authorization: 'Bearer correct' }],
    ['more than one', { authorization: 'Bearer correct-horse1' }],
    ['another scheme', { authorization: 'Basic correct-horse' }],
    ['no scheme', { authorization: 'correct-horse' }],
    ['another header', { 'x-api-key': 'correct-horse' }],
  ])('refuses %s', async (_name, headers) => {
    const reply = await ask(keyed(), '/v1/models', headers)
    expect(reply.statusCode).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="leasehold"')
    expect(reply.json()).toMatchObject({ error: { type: 'invalid_request_error', code: 'invalid_api_key' } })
  })

  it('takes no key from the query', async () => {
    expect((await ask(keyed(), '/v1/models?api_key=correct-horse')).statusCode).toBe(401)
  })

  it('says the same of models and paths that exist and of those that do not', async () => {
    const test = keyed()
    const bodies = await Promise.all(
      ['/v1/models/minilm', '/v1/models/nope', '/nope', '/metrics'].map(async (url) => {
        const reply = await ask(test, url)
        return `${reply.statusCode} ${url === '/metrics' ? '' : reply.body}`.trim()
      }),
    )
    expect(new Set(bodies.slice(0, 3)).size).toBe(1)
    expect(bodies.every((body) => body.startsWith('401'))).toBe(true)
  })

  it.each([
    '//v1/models',
    '/./v1/models',
    '/%761/models',
    '/v1/models/',
    '/V1/models',
    '/livez/../v1/models',
    '/livez%2f..%2fv1/models',
  ])('does not let %s past', async (url) => {
    expect([401, 404]).toContain((await ask(keyed(), url)).statusCode)
    expect((await ask(keyed(), url)).body).not.toContain('minilm')
  })

  it('is decided before the body is read', async () => {
    const test = keyed()
    const reply = await test.server.inject({
      method: 'POST',
      url: '/v1/embeddings',
      headers: { host: 'localhost' },
      payload: 'not JSON',
    })
    expect(reply.statusCode).toBe(401)
  })

  it('is not asked for by probes', async () => {
    for (const url of ['/livez', '/healthz', '/ping', '/readyz', '/health', '/']) {
      expect([url, (await ask(keyed(), url)).statusCode]).toEqual([url, 200])
    }
  })

  it('never shows in the log', async () => {
    const test = keyed()
    await ask(test, '/v1/models', { authorization: 'Bearer correct-horse' })
    await ask(test, '/v1/models', { authorization: 'Bearer wrong-horse' })
    expect(test.log.length).toBeGreaterThan(0)
    expect(test.log.join('')).not.toContain('horse')
  })
})

describe('web pages', () => {
  it.each([
    'localhost',
    'localhost:8000',
    '127.0.0.1:8000',
    '[::1]:8000',
    '[::1]',
    'LOCALHOST',
    'app.localhost',
  ])('a server on the loopback answers to %s', async (host) => {
    expect((await ask(harness(), '/livez', { host })).statusCode).toBe(200)
  })

  it.each([
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
  ])('and not to %s', async (host) => {
    for (const url of ['/v1/models', '/livez', '/nope']) {
      expect((await ask(harness(), url, { host })).statusCode).toBe(421)
    }
  })

  it('what came with a name that passed lets nothing else pass after it', async () => {
    const test = harness()
    const statusOf = async (headers: Record<string, string>): Promise<number> =>
      (await ask(test, '/v1/models', headers)).statusCode
    expect(await statusOf({})).toBe(200)
    expect(await statusOf({ origin: 'https://evil.example' })).toBe(403)
    expect(await statusOf({ host: 'evil.example' })).toBe(421)
    expect(await statusOf({ host: 'evil.example' })).toBe(421)
    expect(await statusOf({})).toBe(200)
  })

  it('a proxy in front can be allowed by its name', async () => {
    const test = harness({ allowedHosts: ['Models.Example'] })
    expect((await ask(test, '/livez', { host: 'models.example:443' })).statusCode).toBe(200)
  })

  it('a server that listens for others answers to any name', async () => {
    const test = harness({ host: '0.0.0.0', apiKeys: ['12345678'] })
    expect((await ask(test, '/livez', { host: 'models.example' })).statusCode).toBe(200)
  })

  it.each(['https://evil.example', 'null', 'http://localhost:3000', 'file://', 'nonsense'])(
    'a page of %s cannot post, whatever type it names',
    async (origin) => {
      const test = harness()
      for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded']) {
        const reply = await ask(
          test,
          '/v1/embeddings',
          { host: 'localhost:8000', origin, 'content-type': type },
          'POST',
        )
        expect(reply.statusCode).toBe(403)
      }
      expect(test.runtime.calls).toEqual([])
    },
  )

  it('a page of its own can', async () => {
    const headers = { host: 'localhost:8000', origin: 'http://localhost:8000' }
    expect((await ask(harness(), '/v1/embeddings', headers, 'POST')).statusCode).toBe(200)
  })

  it('no origin is ever granted anything', async () => {
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    const reply = await ask(harness(), '/v1/embeddings', preflight, 'OPTIONS')
    expect(reply.statusCode).toBe(403)
    const read = await ask(harness(), '/v1/models', { origin: 'https://evil.example' })
    expect(read.statusCode).toBe(403)
    for (const { headers } of [reply, read]) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(headers['x-powered-by']).toBeUndefined()
    }
  })
})

describe('paths and methods', () => {
  it.each(['/nope', '/v1', '/v2/embeddings', '/v1/embeddings/x', '/admin'])(
    '%s is 404 in the shape of errors',
    async (url) => {
      const reply = await ask(harness(), url)
      expect(reply.statusCode).toBe(404)
      expect(reply.json()).toMatchObject({
        error: { type: 'invalid_request_error', code: 'unknown_url', param: null },
      })
    },
  )

  it('does not read the body of a path that is not there', async () => {
    const reply = await harness().server.inject({
      method: 'POST',
      url: '/nope',
      headers: { host: 'localhost' },
      payload: '{',
    })
    expect(reply.statusCode).toBe(404)
  })

  it.each([
    ['GET', '/v1/embeddings', 'POST'],
    ['PUT', '/v1/embeddings', 'POST'],
    ['DELETE', '/v1/models', 'GET, HEAD'],
    ['POST', '/v1/models/minilm', 'GET, HEAD'],
    ['OPTIONS', '/v1/embeddings', 'POST'],
  ] as const)('%s %s is 405', async (method, url, allow) => {
    const reply = await ask(harness(), url, {}, method)
    expect(reply.statusCode).toBe(405)
    expect(reply.headers['allow']).toBe(allow)
    expect(reply.json()).toMatchObject({ error: { code: 'method_not_allowed' } })
  })

  it.each([
    ['/translate', { error: 'GET is not allowed on this path; it takes POST.' }],
    ['/v2/rerank', { message: 'GET is not allowed on this path; it takes POST.', id: 'r-1' }],
    ['/rerank', { error: 'GET is not allowed on this path; it takes POST.', error_type: 'Validation' }],
  ])('GET %s is 405 as the clients of the path know errors', async (url, body) => {
    const reply = await ask(harness(), url, { 'x-request-id': 'r-1' })
    expect([reply.statusCode, reply.json()]).toEqual([405, body])
  })

  it.each(['/%zz', '/v1/models/%c0%ae'])('%s is 400', async (url) => {
    const reply = await ask(harness(), url)
    expect(reply.statusCode).toBe(400)
    expect(reply.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
  })

  it('HEAD answers as GET does, without the body', async () => {
    const reply = await ask(harness(), '/v1/models', {}, 'HEAD')
    expect([reply.statusCode, reply.body]).toEqual([200, ''])
  })
})

describe('the log', () => {
  it('has no more of the name of a model than a name has', async () => {
    const { server, log } = harness()
    for (const [url, body] of [
      ['/v1/embeddings', { input: 'a' }],
      ['/v2/rerank', { query: 'a', documents: ['b'] }],
    ] as const) {
      const payload = { model: 'n'.repeat(1_000), ...body }
      await server.inject({ method: 'POST', url, headers: { host: 'localhost' }, payload })
      expect(JSON.parse(log.at(-1) as string)).toMatchObject({ status: 404, model: `${'n'.repeat(100)}…` })
    }
  })
})

describe('x-request-id', () => {
  it("keeps the caller's where it is fit for a log", async () => {
    const ids = ['a', 'trace-1.2:3', 'x'.repeat(128)]
    for (const id of ids)
      expect((await ask(harness(), '/livez', { 'x-request-id': id })).headers['x-request-id']).toBe(id)
  })

  it.each(['', 'has space', 'x'.repeat(129), '<script>', '\u001b[31m'])(
    'makes its own in place of %j',
    async (id) => {
      const reply = await ask(harness(), '/nope', { 'x-request-id': id })
      expect(reply.headers['x-request-id']).toMatch(/^req_[0-9a-f-]{36}$/)
    },
  )
})

describe('probes and metrics', () => {
  it('say why the server is not ready', async () => {
    const test = harness()
    test.runtime.ready = { ready: false, reasons: ['minilm is loading'] }
    for (const url of ['/readyz', '/health']) {
      const reply = await ask(test, url)
      expect(reply.statusCode).toBe(503)
      expect(reply.headers['retry-after']).toBe('1')
      expect(reply.json()).toEqual({ status: 'not ready', reasons: ['minilm is loading'] })
    }
    expect((await ask(test, '/livez')).statusCode).toBe(200)
  })

  it('do not wait for a model', async () => {
    const test = harness()
    test.runtime.hold()
    const embedding = ask(test, '/v1/embeddings', {}, 'POST')
    for (const url of ['/livez', '/readyz', '/metrics']) expect((await ask(test, url)).statusCode).toBe(200)
    test.runtime.release()
    expect((await embedding).statusCode).toBe(200)
  })

  it("give the runtime's figures and the server's", async () => {
    const test = harness()
    await ask(test, '/v1/models/org/bge')
    const reply = await ask(test, '/metrics')
    expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(reply.body).toContain('fake_in_flight 0\n')
    expect(reply.body).toContain('leasehold_http_responses_total{route="/v1/models/*",status="200"} 1')
    expect(reply.body).toContain('leasehold_http_requests_in_flight 1')
  })
})
