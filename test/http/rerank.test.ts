import { describe, expect, it } from 'vitest'
import * as errors from '../../src/kernel/errors.ts'
import { dial, harness, until, type Harness } from './harness.ts'

type Reply = Awaited<ReturnType<Harness['server']['inject']>>

const post = (
  { server }: Harness,
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> =>
  server.inject({
    method: 'POST',
    url,
    headers: { host: 'localhost', 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(body),
  })

const ASKED = { model: 'minilm', query: 'q', documents: ['a', 'bcd', 'ef'] }
const ORDER = [
  { index: 1, relevance_score: 0.3 },
  { index: 2, relevance_score: 0.2 },
  { index: 0, relevance_score: 0.1 },
]

describe('POST /v2/rerank', () => {
  it('answers as Cohere does', async () => {
    const reply = await post(harness(), '/v2/rerank', ASKED, { 'x-request-id': 'r-1' })
    expect(reply.statusCode).toBe(200)
    expect(reply.json()).toEqual({
      id: 'r-1',
      results: ORDER,
      meta: {
        api_version: { version: '2', is_experimental: false },
        billed_units: { search_units: 1 },
        tokens: { input_tokens: 42, output_tokens: 0 },
        warnings: [],
      },
    })
    expect(reply.headers).toMatchObject({
      'leasehold-served-by': 'minilm:int8@cpu',
      'leasehold-generation': '7',
      'leasehold-truncated': '0',
    })
    expect(reply.headers['server-timing']).toMatch(/infer;dur=3\.25/)
  })

  it('passes on what was asked, and ignores what it does not know', async () => {
    const all = harness()
    const body = { ...ASKED, top_n: 2, max_tokens_per_doc: 9, priority: 999, unknown: [1] }
    const reply = await post(all, '/v2/rerank', body, { 'leasehold-deadline-ms': '500' })
    expect(reply.json<{ results: unknown[] }>().results).toEqual(ORDER.slice(0, 2))
    expect(all.runtime.calls).toEqual([
      {
        model: 'minilm',
        inputs: ['q', 'a', 'bcd', 'ef'],
        options: expect.objectContaining({
          topN: 2,
          maxTokensPerDoc: 9,
          priority: 9,
          deadlineMs: 500,
          tenant: '',
        }) as unknown,
      },
    ])
  })

  it('puts nobody in front of others by the priority that is the default', async () => {
    const all = harness()
    for (const priority of [undefined, null, 0, 1, 125, 126, 500, 999])
      await post(all, '/v2/rerank', { ...ASKED, priority })
    expect(all.runtime.calls.map(({ options }) => options.priority)).toEqual([
      undefined,
      undefined,
      1,
      2,
      2,
      3,
      5,
      9,
    ])
  })

  it('warns of documents that were cut', async () => {
    const all = harness()
    all.runtime.truncated = [0, 2]
    const { meta } = (await post(all, '/v2/rerank', ASKED)).json<{ meta: { warnings: string[] } }>()
    expect(meta.warnings).toEqual(['2 documents were cut at the limit of tokens.'])
  })

  it.each([
    [{ ...ASKED, model: undefined }, 'model'],
    [{ ...ASKED, query: '' }, 'query'],
    [{ ...ASKED, query: ['q'] }, 'query'],
    [{ ...ASKED, documents: [] }, 'documents'],
    [{ ...ASKED, documents: 'a' }, 'documents'],
    [{ ...ASKED, documents: ['a', 7] }, 'documents[1]'],
    [{ ...ASKED, documents: [{ title: 'a' }] }, 'documents[0]'],
    [{ ...ASKED, documents: Array.from({ length: 10_001 }, () => '') }, '10000'],
    [{ ...ASKED, top_n: 0 }, 'top_n'],
    [{ ...ASKED, top_n: 1.5 }, 'top_n'],
    [{ ...ASKED, max_tokens_per_doc: -1 }, 'max_tokens_per_doc'],
    [{ ...ASKED, priority: 1_000 }, 'priority'],
    [['not', 'an', 'object'], 'JSON object'],
  ])('refuses %.60j', async (body, said) => {
    const all = harness()
    const reply = await post(all, '/v2/rerank', body, { 'x-request-id': 'r-2' })
    expect(reply.statusCode).toBe(400)
    expect(reply.json()).toEqual({ message: expect.stringContaining(said) as unknown, id: 'r-2' })
    expect(all.runtime.calls).toEqual([])
  })

  it('gives the statuses of Cohere', async () => {
    const all = harness()
    const unknown = await post(all, '/v2/rerank', { ...ASKED, model: 'minilmm' })
    expect(unknown.statusCode).toBe(404)
    expect(unknown.json<{ message: string }>().message).toContain('Did you mean `minilm`?')
    for (const [error, status] of [
      [new errors.QueueFullError('full', { retryAfterMs: 2_500 }), 429],
      [new errors.LoadingTimeoutError('slow'), 503],
      [new errors.DeadlineExceededError('late'), 504],
      [new errors.InputTooLongError('query has too many tokens', { field: 'query' }), 400],
    ] as const) {
      all.runtime.failWith = error
      const reply = await post(all, '/v2/rerank', ASKED)
      expect([reply.statusCode, reply.json<{ message: string }>().message]).toEqual([status, error.message])
      if (status === 429) expect(reply.headers['retry-after']).toBe('3')
    }
  })
})

describe('POST /v1/rerank', () => {
  const superset = (extra: object): object =>
    expect.objectContaining({
      id: expect.any(String) as unknown,
      object: 'list',
      model: 'minilm',
      created: expect.any(Number) as unknown,
      usage: { prompt_tokens: 42, total_tokens: 42 },
      meta: expect.objectContaining({ api_version: { version: '1', is_experimental: false } }) as unknown,
      ...extra,
    }) as object
  const texts = (reply: Reply): unknown =>
    reply.json<{ results: { document?: { text: string } }[] }>().results.map(({ document }) => document?.text)

  it('answers as Jina does: with the documents, unless they are not wanted', async () => {
    const reply = await post(harness(), '/v1/rerank', ASKED)
    expect(reply.json()).toEqual(
      superset({
        results: ORDER.map((item) => ({ ...item, document: { text: ASKED.documents[item.index] } })),
      }),
    )
    const without = await post(harness(), '/v1/rerank', { ...ASKED, return_documents: false, top_n: 1 })
    expect(without.json()).toEqual(superset({ results: ORDER.slice(0, 1) }))
  })

  it.each([{ 'x-client-name': 'mine' }, { 'x-fern-sdk-name': 'cohere-ai' }])(
    'answers as Cohere does to %o: without the documents, unless they are wanted',
    async (headers) => {
      expect((await post(harness(), '/v1/rerank', ASKED, headers)).json()).toEqual(
        superset({ results: ORDER }),
      )
      const reply = await post(harness(), '/v1/rerank', { ...ASKED, return_documents: true }, headers)
      expect(texts(reply)).toEqual(['bcd', 'ef', 'a'])
    },
  )

  it('takes documents that are objects, and the fields of them that count', async () => {
    const all = harness()
    const documents = [{ text: 'a', title: 't' }, 'b', { text: 'cc' }]
    await post(all, '/v1/rerank', { ...ASKED, documents })
    await post(all, '/v1/rerank', { ...ASKED, documents, rank_fields: ['title', 'text'] })
    expect(all.runtime.calls.map(({ inputs }) => inputs)).toEqual([
      ['q', 'a', 'b', 'cc'],
      ['q', 't\na', 'b', 'cc'],
    ])
    const refused = await post(all, '/v1/rerank', { ...ASKED, documents: [{ text: 1 }] })
    expect([refused.statusCode, refused.json<{ detail: string }>().detail]).toEqual([
      400,
      expect.stringContaining('documents[0]'),
    ])
    const wrong = await post(all, '/v1/rerank', { ...ASKED, documents, rank_fields: 'text' })
    expect(wrong.json<{ message: string }>().message).toContain('rank_fields')
  })

  it('looks for few fields, each of them once', async () => {
    const all = harness()
    const documents = [{ text: 'a' }]
    const asked = (names: string[]): Promise<Reply> =>
      post(all, '/v1/rerank', { ...ASKED, documents, rank_fields: names })
    expect((await asked(Array.from({ length: 64 }, () => 'text'))).statusCode).toBe(200)
    expect(all.runtime.calls.map(({ inputs }) => inputs)).toEqual([['q', 'a']])
    const reply = await asked(Array.from({ length: 65 }, (_, index) => `field ${index}`))
    expect(reply.statusCode).toBe(400)
    expect(reply.json<{ message: string }>().message).toBe(
      '"rank_fields" must have at most 64 entries, not 65.',
    )
  })

  it('serves the model that does nothing else when none is named', async () => {
    const all = harness()
    await post(all, '/v1/rerank', { ...ASKED, model: undefined })
    all.runtime.statuses[1]!.tasks = ['rerank']
    await post(all, '/v1/rerank', { ...ASKED, model: '' })
    expect(all.runtime.calls.map(({ model }) => model)).toEqual(['minilm', 'org/bge'])
    for (const status of all.runtime.statuses) status.tasks = ['translate']
    const reply = await post(all, '/v1/rerank', { ...ASKED, model: undefined })
    expect(reply.json<{ detail: string }>().detail).toBe(
      'Name a model: none of those that are served can rerank.',
    )
  })

  it('says what is wrong where clients of either look', async () => {
    const reply = await post(harness(), '/v1/rerank', { ...ASKED, documents: [] })
    const { message, detail } = reply.json<{ message: string; detail: string }>()
    expect([reply.statusCode, message]).toEqual([400, detail])
  })
})

describe('POST /rerank with documents', () => {
  it('answers as Infinity does', async () => {
    const reply = await post(harness(), '/rerank', ASKED, { 'x-request-id': 'r-3' })
    expect(reply.json()).toEqual({
      object: 'rerank',
      id: 'r-3',
      created: expect.any(Number) as unknown,
      model: 'minilm',
      usage: { prompt_tokens: 42, total_tokens: 42 },
      results: ORDER,
    })
    const body = {
      ...ASKED,
      return_documents: true,
      raw_scores: true,
      top_n: 1,
      model: 'default/not-specified',
    }
    const all = harness()
    const plain = await post(all, '/rerank', body)
    expect(plain.json<{ results: unknown[] }>().results).toEqual([{ ...ORDER[0], document: 'bcd' }])
    expect(all.runtime.calls[0]).toMatchObject({ model: 'minilm', options: { rawScores: true } })
  })

  it('has errors like those of OpenAI', async () => {
    const reply = await post(harness(), '/rerank', { ...ASKED, documents: [null] })
    expect(reply.statusCode).toBe(400)
    expect(reply.json()).toMatchObject({ error: { param: 'documents[0]', type: 'invalid_request_error' } })
  })
})

describe('POST /rerank with texts', () => {
  const TEI = { query: 'q', texts: ['a', 'bcd', 'ef'] }

  it('answers as text-embeddings-inference does: a bare list', async () => {
    expect((await post(harness(), '/rerank', TEI)).json()).toEqual(
      ORDER.map(({ index, relevance_score }) => ({ index, score: relevance_score })),
    )
    const all = harness()
    const body = {
      ...TEI,
      return_text: true,
      raw_scores: true,
      truncate: true,
      truncation_direction: 'Right',
      top_n: 1,
    }
    expect((await post(all, '/rerank', body)).json<unknown[]>()[0]).toEqual({
      index: 1,
      score: 0.3,
      text: 'bcd',
    })
    expect(all.runtime.calls[0]?.options.rawScores).toBe(true)
  })

  it('says in its headers what the work was and how long it took', async () => {
    expect((await post(harness(), '/rerank', { query: 'qq', texts: ['a', 'bcd'] })).headers).toMatchObject({
      'x-compute-type': 'cpu',
      'x-compute-time': '5',
      'x-compute-characters': '8',
      'x-compute-tokens': '42',
      'x-total-time': '5',
      'x-tokenization-time': '1',
      'x-queue-time': '1',
      'x-inference-time': '3',
      'leasehold-generation': '7',
    })
    expect((await post(harness(), '/rerank', ASKED)).headers).not.toHaveProperty('x-compute-type')
  })

  it.each([
    [{ ...TEI, texts: [] }, 400, 'Empty'],
    [{ ...TEI, texts: 'a' }, 422, 'Validation'],
    [{ ...TEI, texts: [1] }, 422, 'Validation'],
    [{ query: 'q' }, 422, 'Validation'],
    [{ ...TEI, query: '' }, 422, 'Validation'],
    [{ ...TEI, truncation_direction: 'Left' }, 422, 'Validation'],
    [{ ...TEI, raw_scores: 'yes' }, 422, 'Validation'],
    [{ ...TEI, model: 'none' }, 424, 'Backend'],
  ])('refuses %.60j', async (body, status, type) => {
    const reply = await post(harness(), '/rerank', body)
    expect(reply.statusCode).toBe(status)
    expect(reply.json()).toEqual({ error: expect.any(String) as unknown, error_type: type })
  })

  it.each([
    [new errors.QueueFullError('full', { retryAfterMs: 1_500 }), 429, 'Overloaded'],
    [new errors.LoadingTimeoutError('slow'), 429, 'Overloaded'],
    [new errors.AccessTimeoutError('slow'), 429, 'Overloaded'],
    [new errors.ShutdownError('bye'), 429, 'Overloaded'],
    [new errors.ModelLoadError('broken'), 424, 'Backend'],
    [new errors.InferenceError('NaN'), 424, 'Backend'],
    [new errors.InputTooLongError('long', { field: 'query' }), 422, 'Validation'],
    [new errors.DeadlineExceededError('late'), 504, 'Backend'],
    [new Error('unexpected'), 500, 'Backend'],
  ])('answers %o', async (error, status, type) => {
    const all = harness()
    all.runtime.failWith = error
    const reply = await post(all, '/rerank', TEI)
    expect([reply.statusCode, reply.json<{ error_type: string }>().error_type]).toEqual([status, type])
    if (status === 429) expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  })

  it('is never 503, not even while the server shuts down', async () => {
    const all = harness()
    await all.server.drain(0)
    const reply = await post(all, '/rerank', TEI)
    expect([reply.statusCode, reply.headers['connection']]).toEqual([429, 'close'])
  })
})

describe('every path', () => {
  it.each(['/v2/rerank', '/v1/rerank', '/rerank'])(
    '%s takes its work back when the client leaves',
    async (url) => {
      const all = harness()
      all.runtime.hold()
      const { port } = await all.server.listen()
      const { socket } = await dial(port)
      const body = JSON.stringify(ASKED)
      socket.write(
        `POST ${url} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
      await until(() => all.runtime.inFlight === 1)
      socket.destroy()
      await until(() => all.runtime.aborted.length === 1)
      expect(all.runtime.inFlight).toBe(0)
    },
  )

  it.each([
    ['/v2/rerank', 'message'],
    ['/v1/rerank', 'detail'],
    ['/rerank', 'error'],
  ])('%s asks for the key before it reads the body', async (url, field) => {
    const all = harness({ apiKeys: ['secret-key'] })
    const reply = await post(all, url, 'not an object')
    expect(reply.statusCode).toBe(401)
    expect(reply.json()).toHaveProperty(field)
    const authorization = 'Bearer secret-key'
    expect((await post(all, url, ASKED, { authorization })).statusCode).toBe(200)
  })
})
