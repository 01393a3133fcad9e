import fc from '../support/fast-check.ts'
import { expect, it } from 'vitest'
import { harness } from './harness.ts'

const mostlyRight = fc.record(
  {
    model: fc.oneof(fc.constant('minilm'), fc.jsonValue()),
    input: fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string()), fc.array(fc.nat()), fc.jsonValue()),
    encoding_format: fc.oneof(fc.constantFrom('float', 'base64', null), fc.jsonValue()),
    dimensions: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
    truncate: fc.oneof(fc.boolean(), fc.jsonValue()),
    input_type: fc.jsonValue(),
    ['__proto__']: fc.jsonValue(),
  },
  { requiredKeys: [] },
)
const orAnything = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: right, weight: 9 }, { arbitrary: fc.jsonValue(), weight: 1 })
const texts = orAnything(
  fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.record({ text: fc.string() })), { minLength: 1 }),
)
const mostlyRerank = fc.record(
  {
    model: orAnything(fc.constant('minilm')),
    query: orAnything(fc.string({ unit: 'binary', minLength: 1 })),
    documents: texts,
    texts,
    top_n: orAnything(fc.nat()),
    max_tokens_per_doc: orAnything(fc.nat()),
    priority: orAnything(fc.nat(1_200)),
    rank_fields: orAnything(fc.array(fc.string())),
    return_documents: orAnything(fc.boolean()),
    return_text: orAnything(fc.boolean()),
    raw_scores: orAnything(fc.boolean()),
    truncation_direction: orAnything(fc.constant('Right')),
    ['__proto__']: fc.jsonValue(),
  },
  { requiredKeys: ['query'] },
)
const mostlyTranslate = fc.record(
  {
    q: orAnything(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'grapheme' })))),
    source: orAnything(fc.constantFrom('en', 'auto', 'hi', 'pb', 'x-y-z', '__proto__')),
    target: orAnything(fc.constantFrom('hi', 'en', 'ZT', 'constructor')),
    format: orAnything(fc.constantFrom('text', 'html')),
    alternatives: orAnything(fc.integer({ min: -1, max: 4 })),
    api_key: fc.jsonValue(),
    ['__proto__']: fc.jsonValue(),
  },
  { requiredKeys: ['q'] },
)
const bodyOf = (mostlyRight: fc.Arbitrary<unknown>): fc.Arbitrary<string | Buffer> =>
  fc.oneof(
    mostlyRight.map((value) => JSON.stringify(value)),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.string(),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  )

it('answers whatever is posted with 2xx or 4xx, in its shape', async () => {
  const { server } = harness()
  await fc.assert(
    fc.asyncProperty(bodyOf(mostlyRight), async (payload) => {
      const reply = await server.inject({
        method: 'POST',
        url: '/v1/embeddings',
        headers: { host: 'localhost', 'content-type': 'application/json' },
        payload,
      })
      expect(reply.statusCode).toBeLessThan(500)
      const key = reply.statusCode === 200 ? 'data' : 'error'
      expect(reply.json()).toHaveProperty(key)
    }),
    { numRuns: 1000, seed: 1 },
  )
})

it.each([
  ['/v2/rerank', 'message'],
  ['/v1/rerank', 'detail'],
  ['/rerank', 'error'],
])('%s answers whatever is posted with 2xx or 4xx, in its shape', async (url, errorKey) => {
  const { server } = harness()
  let answered = 0
  await fc.assert(
    fc.asyncProperty(bodyOf(mostlyRerank), async (payload) => {
      const reply = await server.inject({ method: 'POST', url, headers: { host: 'localhost' }, payload })
      expect(reply.statusCode).toBeLessThan(500)
      const answer = reply.json<object>()
      if (reply.statusCode === 200) answered++
      else expect(answer).toHaveProperty(errorKey)
    }),
    { numRuns: 1000, seed: 1 },
  )
  expect(answered).toBeGreaterThan(0)
})

it.each([
  ['/translate', 'application/json'],
  ['/translate', 'application/x-www-form-urlencoded'],
  ['/detect', 'application/json'],
])('%s answers whatever is posted as %s with 2xx or 4xx, in its shape', async (url, type) => {
  const { server, runtime } = harness()
  runtime.addTranslators('en-hi', 'hi-en')
  let answered = 0
  const streams = fc.constantFrom('application/json', 'text/event-stream')
  await fc.assert(
    fc.asyncProperty(bodyOf(mostlyTranslate), streams, async (payload, accept) => {
      const headers = { host: 'localhost', 'content-type': type, accept }
      const reply = await server.inject({ method: 'POST', url, headers, payload })
      expect(reply.statusCode).toBeLessThan(500)
      if (reply.statusCode === 200) answered++
      else expect(reply.json<object>()).toHaveProperty('error')
    }),
    { numRuns: 1000, seed: 1 },
  )
  expect(answered).toBeGreaterThan(0)
})

it('answers whatever path and headers come with less than 500', async () => {
  const { server } = harness({ apiKeys: ['correct-horse'] })
  const path = fc.oneof(
    fc.webPath().map((text) => `/${text.slice(1)}`),
    fc.string().map((text) => `/${encodeURIComponent(text)}`),
    fc.constantFrom('/v1/models/%', '/%2e%2e/', '/v1/models/%00'),
  )
  const name = fc.constantFrom(
    'authorization',
    'x-request-id',
    'origin',
    'host',
    'content-encoding',
    'leasehold-deadline-ms',
    'content-type',
  )
  const value = fc.oneof(
    fc.string().map((text) => text.replaceAll(/[^\x20-\x7e]/g, '')),
    fc.constant('Bearer correct-horse'),
  )
  await fc.assert(
    fc.asyncProperty(
      path,
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
      fc.dictionary(name, value),
      async (url, method, headers) => {
        const reply = await server.inject({
          method,
          url,
          headers: { host: 'localhost', ...headers },
          ...(method === 'POST' && { payload: '{}' }),
        })
        expect(reply.statusCode).toBeLessThan(500)
      },
    ),
    { numRuns: 1000, seed: 1 },
  )
})
