// Sends four requests for a translation one after the other, then four together, to a server, and prints how long each took.
// Where this project began, the four took 6.4 s one by one and 120 s together, and three of them failed.
// Usage: translation-concurrency.mjs [--url http://127.0.0.1:8000]; without a server there it starts one of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const ROOT = join(import.meta.dirname, '..')
const { values } = parseArgs({ options: { url: { type: 'string', default: 'http://127.0.0.1:8000' } } })

/** Four texts of a page each, all different, so that no answer can serve another request. */
const SENTENCES = [
  'Please stop the car near the temple.',
  'They like this train.',
  'The neighbour was friendly.',
  'I should read 14 magazines in Nepal.',
  'He sometimes drives his car.',
]
const TEXTS = ['morning', 'noon', 'evening', 'night'].map((time) =>
  Array.from({ length: 8 }, (_, i) => `${SENTENCES[i % SENTENCES.length]} We meet at ${time} ${i + 1}.`).join(
    ' ',
  ),
)

const server = (await isThere(values.url)) ? undefined : await startServer()
const url = server?.url ?? values.url
try {
  console.log(`${server === undefined ? 'Using the server on' : 'Started a server on'} ${url}.`)
  // The first request loads the models, and the next ones warm up; that is another figure.
  for (const text of TEXTS) await translate(text)
  const apart = await timed('one after the other', async (request) => {
    const results = []
    for (const text of TEXTS) results.push(await request(text))
    return results
  })
  const together = await timed('together', (request) => Promise.all(TEXTS.map(request)))
  const failures = [...apart.results, ...together.results].filter(({ error }) => error !== undefined)
  const differ = together.results.filter(({ answer }, i) => answer !== apart.results[i].answer)
  console.log(`failures: ${failures.length} of 8; answers that differ: ${differ.length} of 4`)
  console.log(`together took ${(together.ms / apart.ms).toFixed(2)} of the time one after the other`)
  process.exitCode = failures.length + differ.length === 0 ? 0 : 1
} finally {
  await server?.stop()
}

async function timed(title, run) {
  const beganMs = performance.now()
  const results = await run(async (text) => {
    const startedMs = performance.now()
    const outcome = await translate(text).then(
      (answer) => ({ answer }),
      (error) => ({ error }),
    )
    return { ...outcome, ms: performance.now() - startedMs }
  })
  const ms = performance.now() - beganMs
  const each = results.map(({ ms, error }) => (error ? `failed (${error.message})` : `${ms.toFixed(0)} ms`))
  console.log(`four ${title}: ${ms.toFixed(0)} ms; each ${each.join(', ')}`)
  return { ms, results }
}

async function translate(q) {
  const response = await fetch(`${url}/translate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ q, source: 'en', target: 'hi', api_key: process.env.LEASEHOLD_API_KEY ?? '' }),
  })
  const body = await response.json()
  if (!response.ok) throw new Error(`${response.status}: ${body.error}`)
  return body.translatedText
}

async function isThere(url) {
  try {
    return (await fetch(`${url}/livez`)).ok
  } catch {
    return false
  }
}

async function startServer() {
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'leasehold.cjs'), 'serve', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  for await (const line of createInterface(child.stdout)) {
    const url = /listens on (\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    const stop = async () => {
      child.kill('SIGTERM')
      await ended
    }
    return { url, stop }
  }
  throw new Error('The server does not start.')
}
