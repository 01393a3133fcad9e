import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { AccessTimeoutError, QueueFullError } from '../../src/kernel/errors.ts'
import { harness, type Harness } from './harness.ts'

function translating(settings: Parameters<typeof harness>[0] = {}): Harness & {
  post: (path: string, body: unknown, headers?: Record<string, string>) => ReturnType<typeof post>
} {
  const made = harness(settings)
  made.runtime.addTranslators('en-hi', 'hi-en', 'en-zh-Hans')
  return { ...made, post: (path, body, headers) => post(made, path, body, headers) }
}

async function post(
  { server }: Harness,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{
  status: number
  body: Record<string, unknown>
  text: string
  headers: Record<string, unknown>
}> {
  const reply = await server.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const isJson = String(reply.headers['content-type']).startsWith('application/json')
  return {
    status: reply.statusCode,
    body: isJson ? reply.json<Record<string, unknown>>() : {},
    text: reply.body,
    headers: reply.headers,
  }
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

describe('POST /translate', () => {
  it('answers a text with a text and a list with a list', async () => {
    const { post, runtime } = translating()
    const one = await post('/translate', {
      q: 'Hello.',
      source: 'en',
      target: 'hi',
      format: 'text',
      api_key: '',
    })
    expect(one.body).toEqual({ translatedText: 'HELLO.' })
    expect(one.headers['leasehold-generation']).toBe('7')
    const two = await post('/translate', { q: ['a', 'b'], source: 'EN', target: 'hi', format: 'html' })
    expect(two.body).toEqual({ translatedText: ['A', 'B'] })
    expect(runtime.calls.map(({ model }) => model)).toEqual(['en-hi', 'en-hi'])
  })

  it('takes forms, as PyPI clients send them', async () => {
    const { post } = translating()
    const form = new URLSearchParams({ q: 'Guten & Tag\n=', source: 'en', target: 'hi', alternatives: '2' })
    expect((await post('/translate', form.toString(), FORM)).body).toEqual({
      translatedText: 'GUTEN & TAG\n=',
      alternatives: [],
    })
    expect((await post('/translate', 'q=a&q=b&source=en&target=hi', FORM)).body).toEqual({
      translatedText: ['A', 'B'],
    })
    expect((await post('/translate', '{"q":"a","source":"en","target":"hi"}', FORM)).status).toBe(200)
  })

  it('takes ten thousand texts of a form, and reads none that has many more fields', async () => {
    const { post } = translating()
    const texts = `source=en&target=en${'&q=a'.repeat(10_000)}`
    expect((await post('/translate', texts, FORM)).body['translatedText']).toHaveLength(10_000)
    const parse = vi.spyOn(URLSearchParams.prototype, Symbol.iterator)
    onTestFinished(() => parse.mockRestore())
    const reply = await post('/translate', 'a&'.repeat(10_101), FORM)
    expect([reply.status, reply.body]).toEqual([400, { error: 'The form has more than 10100 fields.' }])
    expect(parse).not.toHaveBeenCalled()
  })

  it('says what it takes in place of a form in parts', async () => {
    const { post } = translating()
    const reply = await post('/translate', '--x\r\n', { 'content-type': 'multipart/form-data; boundary=x' })
    expect(reply.status).toBe(415)
    expect(reply.body['error']).toContain('application/x-www-form-urlencoded')
  })

  it('takes no forms where nobody sends them', async () => {
    const { post } = translating()
    expect((await post('/v1/embeddings', 'model=minilm&input=a', FORM)).status).toBe(400)
  })

  it('finds the language out, once for all texts', async () => {
    const { post, runtime } = translating()
    const hindi = await post('/translate', { q: ['नमस्ते', '12'], source: 'auto', target: 'en' })
    expect(hindi.body).toMatchObject({
      translatedText: ['नमस्ते', '12'],
      detectedLanguage: [{ language: 'hi' }, { language: 'hi' }],
    })
    const symbols = await post('/translate', { q: '😀 !?', source: 'auto', target: 'hi' })
    expect(symbols.body).toMatchObject({ detectedLanguage: { language: 'en', confidence: 0 } })
    expect(runtime.calls.at(-1)?.model).toBe('en-hi')
    const same = await post('/translate', { q: 'Hello', source: 'auto', target: 'en' })
    expect(same.body).toMatchObject({ translatedText: 'Hello', detectedLanguage: { language: 'en' } })
    expect(runtime.calls).toHaveLength(2)
  })

  it('knows languages by the names that LibreTranslate gives them', async () => {
    const { post, runtime } = translating()
    for (const target of ['zh', 'zh-Hans', 'ZH-hans']) {
      expect((await post('/translate', { q: 'a', source: 'en', target })).status).toBe(200)
    }
    expect(runtime.calls[0]?.model).toBe('en-zh-Hans')
    expect((await post('/translate', { q: 'a', source: 'en', target: 'zt' })).status).toBe(400)
  })

  it.each([
    [{ source: 'en', target: 'hi' }, 'Invalid request: missing q parameter'],
    [{ q: 'a', target: 'hi' }, 'Invalid request: missing source parameter'],
    [{ q: 'a', source: 'en' }, 'Invalid request: missing target parameter'],
    [{ q: 'a', source: 'zz', target: 'hi' }, 'zz is not supported'],
    [{ q: 'a', source: 'en', target: 'fr' }, 'fr is not supported'],
    [
      { q: 'a', source: 'hi', target: 'zh' },
      'Chinese (zh) is not available as a target language from Hindi (hi)',
    ],
    [{ q: 7, source: 'en', target: 'hi' }, '"q" must be a text or a list of texts, not 7.'],
    [{ q: ['a', null], source: 'en', target: 'hi' }, '"q[1]" must be a text, not null.'],
    [{ q: [], source: 'en', target: 'hi' }, '"q" must not be an empty list.'],
    [
      { q: 'a', source: 'en', target: 'hi', format: 'pdf' },
      '"format" must be "text" or "html", not this text.',
    ],
    [
      { q: 'a', source: 'en', target: 'hi', alternatives: -1 },
      '"alternatives" must be a whole number from 0 to 100, not -1.',
    ],
    [[1], '"body" must be a JSON object or a form, not a list.'],
  ])('refuses %j', async (body, error) => {
    const reply = await translating().post('/translate', body)
    expect(reply.status).toBe(400)
    expect(String(reply.body['error']).replace('Simplified ', '')).toBe(error)
  })

  it('says when it is too busy', async () => {
    const { post, runtime } = translating()
    const body = { q: 'a', source: 'en', target: 'hi' }
    runtime.failWith = new QueueFullError('Too many wait.', { retryAfterMs: 1_500 })
    const full = await post('/translate', body)
    expect([full.status, full.body, full.headers['retry-after']]).toEqual([
      429,
      { error: 'Too many wait.' },
      '2',
    ])
    runtime.failWith = new AccessTimeoutError('It took too long.')
    expect((await post('/translate', body)).status).toBe(503)
  })
})

describe('a key', () => {
  const body = { q: 'a', source: 'en', target: 'hi' }

  it('may be in the body, under either name, or in the header', async () => {
    const { post } = translating({ apiKeys: ['secret'] })
    expect((await post('/translate', { ...body, api_key: 'secret' })).status).toBe(200)
    expect((await post('/translate', { ...body, apiKey: 'secret' })).status).toBe(200)
    expect((await post('/translate', body, { authorization: 'Bearer secret' })).status).toBe(200)
    expect((await post('/detect', 'q=a&api_key=secret', FORM)).status).toBe(200)
  })

  it('is looked at in no time, however long it is', async () => {
    const { post } = translating({ apiKeys: ['secret'] })
    const long = `${' '.repeat(300_000)}\nx`
    expect((await post('/translate', { ...body, api_key: long })).status).toBe(403)
  })

  it('that is wrong or missing is refused, also where one is in the body of another route', async () => {
    const { post, runtime } = translating({ apiKeys: ['secret'] })
    for (const wrong of [body, { ...body, api_key: 'wrong' }, { ...body, api_key: ['secret'] }]) {
      const reply = await post('/translate', wrong)
      expect(reply.status).toBe(403)
      expect(reply.body['error']).toMatch(/^Invalid API key/)
    }
    expect((await post('/detect', { q: 'a' })).status).toBe(403)
    expect(
      (await post('/translate', { ...body, api_key: 'secret' }, { authorization: 'Bearer no' })).status,
    ).toBe(403)
    const other = await post('/v1/embeddings', { model: 'minilm', input: 'a', api_key: 'secret' })
    expect(other.status).toBe(401)
    expect(runtime.calls).toEqual([])
  })

  it('is not asked for where clients send none', async () => {
    const { server } = translating({ apiKeys: ['secret'] })
    for (const url of ['/languages', '/frontend/settings']) {
      expect((await server.inject({ url })).statusCode).toBe(200)
    }
  })
})

describe('what is served', () => {
  it('is listed with names and targets', async () => {
    const { server } = translating()
    expect((await server.inject({ url: '/languages' })).json()).toEqual([
      { code: 'en', name: 'English', targets: ['hi', 'zh-Hans'] },
      { code: 'hi', name: 'Hindi', targets: ['en'] },
    ])
    expect((await server.inject({ url: '/frontend/settings' })).json()).toMatchObject({
      keyRequired: false,
      language: { source: { code: 'auto' }, target: { code: 'hi', name: 'Hindi' } },
    })
  })

  it('is nothing where there is no translator', async () => {
    const { server } = harness()
    expect((await server.inject({ url: '/languages' })).json()).toEqual([])
    expect((await server.inject({ url: '/frontend/settings' })).statusCode).toBe(200)
    const reply = await server.inject({
      method: 'POST',
      url: '/translate',
      payload: { q: 'a', source: 'auto', target: 'hi' },
    })
    expect([reply.statusCode, reply.json()]).toEqual([400, { error: 'en is not supported' }])
  })

  it('is what is detected among', async () => {
    const { post } = translating()
    expect((await post('/detect', { q: 'नमस्ते' })).text).toBe('[{"language":"hi","confidence":100}]')
    expect((await post('/detect', { q: '…' })).text).toBe('[{"language":"en","confidence":0}]')
  })
})

describe('a stream', () => {
  const SSE = { accept: 'text/event-stream' }
  const eventsOf = (text: string): unknown[] =>
    text
      .trimEnd()
      .split('\n\n')
      .map((event) => {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
        return [name, JSON.parse(data ?? '')]
      })

  it('sends each sentence as it is done', async () => {
    const { post } = translating()
    const reply = await post('/translate', { q: ['One. Two.', 'three\n'], source: 'en', target: 'hi' }, SSE)
    expect(reply.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    })
    expect(eventsOf(reply.text)).toEqual([
      ['sentence', { index: 0, sentence: 0, translatedText: 'ONE. ' }],
      ['sentence', { index: 0, sentence: 1, translatedText: 'TWO.' }],
      ['sentence', { index: 1, sentence: 0, translatedText: 'THREE\n' }],
      ['done', {}],
    ])
  })

  it('says what was detected, and sends a text of the target language as it is', async () => {
    const { post } = translating()
    const reply = await post('/translate', { q: 'नमस्ते', source: 'auto', target: 'hi' }, SSE)
    expect(eventsOf(reply.text)).toEqual([
      ['sentence', { index: 0, sentence: 0, translatedText: 'नमस्ते' }],
      ['done', { detectedLanguage: { language: 'hi', confidence: 100 } }],
    ])
  })

  it('that fails at once is an error as any other, and later an event', async () => {
    const { post } = translating()
    const first = await post('/translate', { q: 'Fail. Two.', source: 'en', target: 'hi' }, SSE)
    expect([first.status, first.body]).toEqual([500, { error: 'The model failed.' }])
    const later = await post('/translate', { q: 'One. Fail.', source: 'en', target: 'hi' }, SSE)
    expect(later.status).toBe(200)
    expect(eventsOf(later.text).at(-1)).toEqual(['error', { error: 'The model failed.' }])
  })
})
