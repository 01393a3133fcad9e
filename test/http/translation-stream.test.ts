import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { DEFAULT_SERVER } from '../../src/config/server-schema.ts'
import { HttpServer } from '../../src/http/server.ts'
import { createRuntime, type Runtime } from '../../src/index.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { ModelFactory } from '../../src/registry/model.ts'
import { Registry } from '../../src/registry/registry.ts'
import { createFakeEngine, type FakeEngine } from '../../src/testing/index.ts'
import { until } from './harness.ts'

/** A server over a translator for which the sentence "Never." never ends. */
async function serve(): Promise<{ runtime: Runtime; engine: FakeEngine; url: string }> {
  const engine = createFakeEngine({ clock: systemClock })
  engine.script('en-hi', {
    tasks: ['translate'],
    runMs: ([sentence]) => (String(sentence).startsWith('Never') ? Infinity : 0),
  })
  const registry = new Registry<ModelFactory>('model engine')
  registry.register('onnx', engine.factory)
  const languages = { source: 'en', target: 'hi' }
  const runtime = await createRuntime({ models: { 'en-hi': { source: '/none', languages } } }, { registry })
  const logger = pino({ level: 'silent' })
  const server = new HttpServer(runtime, { ...DEFAULT_SERVER, port: 0 }, { logger })
  onTestFinished(async () => {
    await server.close()
    await runtime.close()
  })
  return { runtime, engine, url: (await server.listen()).url }
}

function translate(url: string, q: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/translate`, {
    method: 'POST',
    headers: { accept: 'text/event-stream' },
    body: JSON.stringify({ q, source: 'en', target: 'hi' }),
    signal: signal ?? null,
  })
}

it('sentences arrive before the last one is done, and a client that leaves frees its place', async () => {
  const { runtime, engine, url } = await serve()
  const leaving = new AbortController()
  const response = await translate(url, 'One. Two. Never.', leaving.signal)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let received = ''
  while (!received.includes('hi(Two.)')) received += (await reader?.read())?.value ?? ''
  expect(received).toContain(
    'event: sentence\ndata: {"index":0,"sentence":0,"translatedText":"hi(One.) "}\n\n',
  )
  expect(runtime.status('en-hi').concurrentAccessCount).toBe(1)
  leaving.abort()
  await expect(reader?.read()).rejects.toThrow()
  await until(() => runtime.status('en-hi').concurrentAccessCount === 0)
  expect(engine.counts.activeRuns).toBe(0)
})

it('an answer that is whole says whence it came', async () => {
  const { url } = await serve()
  const response = await fetch(`${url}/translate`, {
    method: 'POST',
    body: JSON.stringify({ q: ['One.', ''], source: 'en', target: 'hi' }),
  })
  expect(await response.json()).toEqual({ translatedText: ['hi(One.)', ''] })
  expect(response.headers.get('leasehold-served-by')).toMatch(/^en-hi:/)
  expect(response.headers.get('server-timing')).toMatch(/infer/)
})
