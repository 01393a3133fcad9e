import { expect, it } from 'vitest'
import type { HttpServer } from '../../src/http/server.ts'
import { harness } from './harness.ts'

function embed(server: HttpServer, key: string): Promise<{ headers: Record<string, unknown> }> {
  const headers = { host: 'localhost', authorization: `Bearer ${key}` }
  return server.inject({
    method: 'POST',
    url: '/v1/embeddings',
    headers,
    payload: { model: 'minilm', input: 'a' },
  })
}

it('callers share the models as tenants, told apart by their keys; no key is ever shown', async () => {
  const { server, runtime, log } = harness({ apiKeys: ['first-key', 'second-key'] })
  for (const key of ['first-key', 'second-key', 'first-key']) await embed(server, key)
  const tenants = runtime.calls.map(({ options }) => options?.tenant)
  expect(tenants[0]).toMatch(/^key-[0-9a-f]{8}$/)
  expect(tenants[0]).toBe(tenants[2])
  expect(tenants[0]).not.toBe(tenants[1])
  expect([...tenants, ...log].join()).not.toMatch(/first-key|second-key/)
})

it('what fails is logged with the id of its request', async () => {
  const { server, runtime, log } = harness()
  runtime.failWith = new TypeError('a fault of ours')
  const { headers } = await embed(server, '')
  expect(log.find((line) => line.includes('a fault of ours'))).toContain(String(headers['x-request-id']))
})
