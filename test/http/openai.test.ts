import { describe, expect, it } from 'vitest'
import * as errors from '../../src/kernel/errors.ts'
import { vectorOf } from './fake-runtime.ts'
import { harness, type Harness } from './harness.ts'

type Reply = Awaited<ReturnType<Harness['server']['inject']>>

const post = ({ server }: Harness, body: unknown, url = '/v1/embeddings'): Promise<Reply> =>
  server.inject({
    method: 'POST',
    url,
    headers: { host: 'localhost', 'content-type': 'application/json' },
    payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  })

const get = ({ server }: Harness, url: string): Promise<Reply> =>
  server.inject({ method: 'GET', url, headers: { host: 'localhost' } })

describe('POST /v1/embeddings', () => {
  it('answers as OpenAI does', async () => {
    const reply = await post(harness(), { model: 'minilm', input: ['a', 'bcd'] })
    expect(reply.statusCode).toBe(200)
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
    const body = reply.json<{ data: { embedding: number[] }[] }>()
    expect(body).toEqual({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: expect.any(Array) as unknown },
        { object: 'embedding', index: 1, embedding: expect.any(Array) as unknown },
      ],
      model: 'minilm',
      usage: { prompt_tokens: 8, total_tokens: 8 },
    })
    expect(body.data.map(({ embedding }) => Float32Array.from(embedding))).toEqual([
      vectorOf('a'),
      vectorOf('bcd'),
    ])
  })

  it('gives base64 of little-endian float32 when asked', async () => {
    const reply = await post(harness(), { model: 'minilm', input: 'a', encoding_format: 'base64' })
    const bytes = Buffer.from(
      reply.json<{ data: { embedding: string }[] }>().data[0]?.embedding ?? '',
      'base64',
    )
    expect([0, 4, 8, 12].map((at) => bytes.readFloatLE(at))).toEqual([...vectorOf('a')])
  })

  it('says where the time went and what served', async () => {
    const { headers } = await post(harness(), { model: 'minilm', input: 'a' })
    expect(headers['server-timing']).toMatch(
      /^admit;dur=0\.01, queue;dur=1, load;dur=0, tokenise;dur=0\.5, infer;dur=3\.25, encode;dur=[\d.]+$/,
    )
    expect(headers).toMatchObject({
      'leasehold-served-by': 'minilm:int8@cpu',
      'leasehold-generation': '7',
      'leasehold-truncated': '0',
      'x-content-type-options': 'nosniff',
    })
  })

  it('serves a model of any name', async () => {
    const reply = await post(harness(), { model: '模型', input: 'a' })
    expect(reply.json<{ model: string }>().model).toBe('模型')
    expect(decodeURI(String(reply.headers['leasehold-served-by']))).toBe('模型:int8@cpu')
  })

  it('is served without /v1 too, whatever the content type says', async () => {
    const { server } = harness()
    const reply = await server.inject({
      method: 'POST',
      url: '/embeddings',
      headers: { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded' },
      payload: '{"model":"minilm","input":"a"}',
    })
    expect(reply.statusCode).toBe(200)
  })

  it.each([
    ['a text', 'abc', ['abc']],
    ['texts', ['a', 'b'], ['a', 'b']],
    ['the tokens of one text', [1, 2, 3], [[1, 2, 3]]],
    ['the tokens of several', [[1, 2], [3]], [[1, 2], [3]]],
    ['texts and tokens together', ['a', [3]], ['a', [3]]],
  ])('takes %s', async (_name, input, inputs) => {
    const test = harness()
    await post(test, { model: 'minilm', input })
    expect(test.runtime.calls[0]?.inputs).toEqual(inputs)
  })

  it('passes on what it knows and ignores what it does not', async () => {
    const test = harness()
    const body = { model: 'minilm', input: 'a', dimensions: 3, truncate: false, input_type: 'search_query' }
    const reply = await post(test, { ...body, user: 'u', whatever: { deep: [1] }, encoding_format: null })
    expect(reply.statusCode).toBe(200)
    const { signal, ...options } = test.runtime.calls[0]?.options ?? {}
    expect(signal).toBeInstanceOf(AbortSignal)
    expect(options).toEqual({ dimensions: 3, truncate: false, inputType: 'query', tenant: '' })
  })

  it('passes on the deadline of the caller', async () => {
    const test = harness()
    const request = (value: string): Promise<Reply> =>
      test.server.inject({
        method: 'POST',
        url: '/v1/embeddings',
        headers: { host: 'localhost', 'leasehold-deadline-ms': value },
        payload: { model: 'minilm', input: 'a' },
      })
    expect((await request('250')).statusCode).toBe(200)
    expect(test.runtime.calls[0]?.options.deadlineMs).toBe(250)
    for (const value of ['0', '-1', 'soon', '', '1e99']) {
      const reply = await request(value)
      expect([value, reply.statusCode]).toEqual([value, 400])
      expect(reply.json<{ error: object }>().error).toMatchObject({ param: 'leasehold-deadline-ms' })
    }
  })

  it('serves an alias by the name of its model, and no other name', async () => {
    const test = harness({ aliases: { 'text-embedding-3-small': 'minilm' } })
    const reply = await post(test, { model: 'text-embedding-3-small', input: 'a' })
    expect(reply.json<{ model: string }>().model).toBe('minilm')
    expect((await post(test, { model: 'text-embedding-3-large', input: 'a' })).statusCode).toBe(404)
  })

  const good = { model: 'minilm', input: 'a' }
  it.each([
    ['', null, 'empty'],
    ['{"model":"minilm","input":"a"', null, 'not valid JSON'],
    ['null', null, 'must be a JSON object'],
    ['[]', null, 'must be a JSON object'],
    ['"text"', null, 'must be a JSON object'],
    [Buffer.from('{"model":"minilm","input":"\xff"}', 'latin1'), null, 'not valid UTF-8'],
    ['['.repeat(100_000), null, 'nested deeper'],
    [
      `{"model":"minilm","input":[${'[1],'.repeat(100_000)}[1]]}`,
      null,
      'more than 100000 objects and arrays',
    ],
    [`{"model":"minilm","input":[${'1,'.repeat(500_000)}1]}`, null, 'more than 500000 values'],
    [{ input: 'a' }, 'model', 'must be the name of a model'],
    [{ ...good, model: 5 }, 'model', 'must be the name of a model, not 5'],
    [{ model: 'minilm' }, 'input', 'must be a text or a list'],
    [{ ...good, input: '' }, 'input', 'must not be an empty text'],
    [{ ...good, input: [] }, 'input', 'must not be an empty list'],
    [{ ...good, input: ['a', ''] }, 'input[1]', 'must not be an empty text'],
    [{ ...good, input: ['a', 5] }, 'input[1]', 'must be a text or a list of tokens, not 5'],
    [{ ...good, input: ['a', null] }, 'input[1]', 'not null'],
    [{ ...good, input: [[]] }, 'input[0]', 'must not be an empty list of tokens'],
    [{ ...good, input: [1, 'a'] }, 'input[1]', 'must be a token'],
    [{ ...good, input: [[1, -1]] }, 'input[0][1]', 'must be a token'],
    [{ ...good, input: [1.5] }, 'input[0]', 'must be a token'],
    [{ ...good, input: Array(2049).fill('a') }, 'input', 'at most 2048 entries, not 2049'],
    [{ ...good, input: { text: 'a' } }, 'input', 'not an object'],
    ['{"model":"minilm","input":"a\\ud800b"}', 'input', 'lone surrogate'],
    ['{"model":"minilm","input":["ok","a\\u0000"]}', 'input[1]', 'NUL'],
    [{ ...good, dimensions: 0 }, 'dimensions', 'at least 1, not 0'],
    [{ ...good, dimensions: 1.5 }, 'dimensions', 'a whole number'],
    [{ ...good, dimensions: '256' }, 'dimensions', 'a whole number'],
    [{ ...good, encoding_format: 'hex' }, 'encoding_format', '"float" or "base64"'],
    [{ ...good, truncate: 'no' }, 'truncate', 'true, false or "chunk"'],
  ])('refuses %.60j', async (body, param, message) => {
    const test = harness()
    const reply = await post(test, body)
    expect(reply.statusCode).toBe(400)
    expect(reply.json()).toEqual({
      error: {
        message: expect.stringContaining(message) as unknown,
        type: 'invalid_request_error',
        param,
        code: param === null ? null : 'invalid_value',
      },
    })
    expect(test.runtime.calls).toEqual([])
  })

  it('takes pairs of surrogates: they are characters', async () => {
    expect((await post(harness(), { ...good, input: 'a😀b' })).statusCode).toBe(200)
  })

  it('refuses more tokens than OpenAI takes, in all', async () => {
    const reply = await post(harness(), { ...good, input: Array(3).fill(Array(100_001).fill(1)) })
    expect(reply.statusCode).toBe(400)
    expect(reply.json<{ error: object }>().error).toMatchObject({
      code: 'context_length_exceeded',
      param: 'input',
    })
  })

  it('reads no inherited field', async () => {
    const polluted =
      '{"__proto__":{"model":"minilm","input":"a"},"constructor":{"prototype":{"model":"minilm"}}}'
    expect((await post(harness(), polluted)).statusCode).toBe(400)
    expect(({} as Record<string, unknown>)['model']).toBeUndefined()
  })

  it('knows no model by the name of an inherited property', async () => {
    const test = harness()
    for (const model of ['__proto__', 'constructor', 'toString', '../../etc/passwd']) {
      expect([model, (await post(test, { model, input: 'a' })).statusCode]).toEqual([model, 404])
    }
  })

  it("names an unknown model in OpenAI's words, and the nearest one", async () => {
    const reply = await post(harness(), { ...good, model: 'minilmm' })
    expect(reply.statusCode).toBe(404)
    expect(reply.json()).toEqual({
      error: {
        message: 'The model `minilmm` does not exist or you do not have access to it. Did you mean `minilm`?',
        type: 'invalid_request_error',
        param: null,
        code: 'model_not_found',
      },
    })
  })
})

describe('errors of the runtime', () => {
  it.each([
    [
      new errors.QueueFullError('full', { retryAfterMs: 2300 }),
      429,
      'requests',
      'rate_limit_exceeded',
      '3',
      '2300',
      undefined,
    ],
    [new errors.OverloadedError('busy'), 429, 'requests', 'rate_limit_exceeded', '1', '1000', undefined],
    [
      new errors.ConcurrencyLimitError('busy', { retryAfterMs: 0.2 }),
      429,
      'requests',
      'rate_limit_exceeded',
      '1',
      '1',
      undefined,
    ],
    [new errors.LoadingTimeoutError('slow'), 503, 'server_error', 'model_loading', '1', '1000', undefined],
    [new errors.WaitTimeoutError('slow'), 503, 'server_error', 'model_loading', '1', '1000', undefined],
    [
      new errors.AccessTimeoutError('slow'),
      503,
      'server_error',
      'service_unavailable',
      '1',
      '1000',
      undefined,
    ],
    [
      new errors.ModelLoadError('broken', { retryAfterMs: 10_000 }),
      503,
      'server_error',
      'service_unavailable',
      '10',
      '10000',
      undefined,
    ],
    [
      new errors.MemoryBudgetError('too large'),
      503,
      'server_error',
      'service_unavailable',
      '1',
      '1000',
      'false',
    ],
    [new errors.ShutdownError('bye'), 503, 'server_error', 'service_unavailable', '1', '1000', undefined],
    [
      new errors.DeadlineExceededError('late'),
      504,
      'server_error',
      'deadline_exceeded',
      undefined,
      undefined,
      undefined,
    ],
    [
      new errors.InputTooLongError('long', { field: 'input[0]' }),
      400,
      'invalid_request_error',
      'context_length_exceeded',
      undefined,
      undefined,
      undefined,
    ],
    [new errors.InferenceError('NaN'), 500, 'server_error', null, undefined, undefined, 'false'],
  ])('%s', async (error, status, type, code, retryAfter, retryAfterMs, shouldRetry) => {
    const test = harness()
    test.runtime.failWith = error
    const reply = await post(test, { model: 'minilm', input: 'a' })
    expect(reply.statusCode).toBe(status)
    expect(reply.json<{ error: object }>().error).toEqual({
      message: error.message,
      type,
      param: error.field ?? null,
      code,
    })
    expect(reply.headers['retry-after']).toBe(retryAfter)
    expect(reply.headers['retry-after-ms']).toBe(retryAfterMs)
    expect(reply.headers['x-should-retry']).toBe(shouldRetry)
  })

  it('keeps what an unexpected error says for the log', async () => {
    const test = harness()
    test.runtime.failWith = new TypeError('cannot read /secret/path')
    const reply = await post(test, { model: 'minilm', input: 'a' })
    expect(reply.statusCode).toBe(500)
    expect(reply.body).not.toContain('secret')
    expect(test.log.join('')).toContain('secret')
  })
})

describe('GET /v1/models', () => {
  it('lists the models with their state', async () => {
    const test = harness({ aliases: { alias: 'minilm' } })
    Object.assign(test.runtime.statuses[1] ?? {}, { state: 'loading', isLoading: true, progress: 0.4 })
    const reply = await get(test, '/v1/models')
    expect(reply.json()).toEqual({
      object: 'list',
      data: [
        {
          id: 'minilm',
          object: 'model',
          created: expect.any(Number) as unknown,
          owned_by: 'leasehold',
          aliases: ['alias'],
          tasks: ['embed', 'rerank'],
          dimensions: 4,
          max_tokens: 256,
          status: { value: 'loaded' },
        },
        expect.objectContaining({ id: 'org/bge', status: { value: 'loading', progress: { value: 0.4 } } }),
        expect.objectContaining({ id: '模型' }),
      ],
    })
    expect((await get(test, '/models')).body).toBe(reply.body)
  })

  it.each(['/v1/models/org/bge', '/v1/models/org%2Fbge', '/models/org%2fbge', '/models/org/bge'])(
    '%s',
    async (url) => {
      expect((await get(harness(), url)).json()).toMatchObject({ id: 'org/bge', object: 'model' })
    },
  )

  it('gives one by its alias', async () => {
    const reply = await get(harness({ aliases: { alias: 'minilm' } }), '/v1/models/alias')
    expect(reply.json()).toMatchObject({ id: 'alias', aliases: ['alias'] })
  })

  it.each(['/v1/models/nope', '/v1/models/..%2f..%2fetc', `/v1/models/${'x'.repeat(900)}`, '/v1/models/'])(
    '%.40s is 404',
    async (url) => {
      const reply = await get(harness(), url)
      expect(reply.statusCode).toBe(404)
      expect(reply.json<{ error: { code: string } }>().error.code).toBe('model_not_found')
    },
  )

  it('tells of a failed load', async () => {
    const test = harness()
    Object.assign(test.runtime.statuses[0] ?? {}, { state: 'failed' })
    expect((await get(test, '/v1/models/minilm')).json()).toMatchObject({
      status: { value: 'unloaded', failed: true },
    })
  })
})
