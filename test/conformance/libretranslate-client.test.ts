import { execFile, spawnSync } from 'node:child_process'
import { request } from 'node:http'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { harness, type Harness } from '../http/harness.ts'

async function serve(): Promise<Harness & { url: string }> {
  const all = harness({ apiKeys: ['secret-key'] })
  all.runtime.addTranslators('en-hi', 'hi-en')
  return { ...all, url: (await all.server.listen()).url }
}

/** As urllib sends it: a form whatever the method, also where nothing is in it. */
function send(url: string, method: 'GET' | 'POST', form: Record<string, string>): Promise<unknown> {
  const body = new URLSearchParams(form).toString()
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'Python-urllib/3.12',
    'accept-encoding': 'identity',
    connection: 'close',
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(JSON.parse(text)))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

describe('the requests of libretranslatepy', () => {
  it('are answered: forms on every path, also with GET', async () => {
    const { url } = await serve()
    const key = { api_key: 'secret-key' }
    const languages = [
      { code: 'en', name: 'English', targets: ['hi'] },
      { code: 'hi', name: 'Hindi', targets: ['en'] },
    ]
    expect(await send(`${url}/languages`, 'GET', {})).toEqual(languages)
    expect(await send(`${url}/languages`, 'GET', key)).toEqual(languages)
    expect(
      await send(`${url}/translate`, 'POST', {
        q: 'LibreTranslate is fine!',
        source: 'en',
        target: 'hi',
        ...key,
      }),
    ).toEqual({ translatedText: 'LIBRETRANSLATE IS FINE!' })
    expect(await send(`${url}/detect`, 'POST', { q: 'Hello World', ...key })).toEqual([
      { language: 'en', confidence: 100 },
    ])
  })
})

describe('the requests of the npm package libretranslate', () => {
  it('are answered: JSON with the key as apiKey, and languages without any', async () => {
    const { url } = await serve()
    const response = await fetch(`${url}/translate`, {
      method: 'POST',
      body: JSON.stringify({ q: 'hello', source: 'en', target: 'hi', format: 'text', apiKey: 'secret-key' }),
      headers: { 'Content-Type': 'application/json' },
    })
    expect(await response.json()).toEqual({ translatedText: 'HELLO' })
    expect(await (await fetch(`${url}/languages`)).json()).toHaveLength(2)
  })
})

const hasClient = spawnSync('python3', ['-c', 'import libretranslatepy']).status === 0

describe.skipIf(!hasClient)('libretranslatepy itself (skipped where Python has it not)', () => {
  it('translates, detects and lists', async () => {
    const { url } = await serve()
    const script = `
import json
from libretranslatepy import LibreTranslateAPI
api = LibreTranslateAPI("${url}", api_key="secret-key")
print(json.dumps([api.translate("Hello", "en", "hi"), api.detect("Hello World"), [l["code"] for l in api.languages()]]))`
    const { stdout } = await promisify(execFile)('python3', ['-c', script])
    expect(JSON.parse(stdout)).toEqual(['HELLO', [{ language: 'en', confidence: 100 }], ['en', 'hi']])
  })
})
