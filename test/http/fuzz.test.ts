import * as fc from 'fast-check'
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
const body = fc.oneof(
  mostlyRight.map((value) => JSON.stringify(value)),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.string(),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
)

it('answers whatever is posted with 2xx or 4xx, in its shape', async () => {
  const { server } = harness()
  await fc.assert(
    fc.asyncProperty(body, async (payload) => {
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
