import { expect, it } from 'vitest'
import { start } from '../../cli/command.ts'
import { until } from '../../http/harness.ts'

const TEXT = 'a text that is long enough to keep a thread busy for a moment, '.repeat(30)
const TEXTS = 6
const CALLERS = 8

async function embed(url: string, texts: number): Promise<number[][]> {
  const input = Array.from({ length: texts }, (_, n) => TEXT + n)
  const response = await fetch(`${url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'all-MiniLM-L6-v2', input }),
  })
  if (!response.ok) throw new Error(`answered ${response.status}: ${await response.text()}`)
  const { data } = (await response.json()) as { data: { embedding: number[] }[] }
  return data.map(({ embedding }) => embedding)
}

async function readiness(url: string): Promise<number | 'refused'> {
  try {
    return (await fetch(`${url}/readyz`)).status
  } catch {
    return 'refused'
  }
}

it('F28 SIGTERM under load: not ready at once, work in flight finishes, exit 0 (ollama)', async () => {
  const server = start(['serve', '--port', '0'])
  await until(() => server.stdout().includes('is ready') || server.child.exitCode !== null)
  const url = /listens on (\S+)/.exec(server.stdout())?.[1] ?? ''
  expect(await readiness(url)).toBe(200)

  const inFlight = Promise.allSettled(Array.from({ length: CALLERS }, () => embed(url, TEXTS)))
  // All of them: one that the server has not seen yet when it is told to stop may be refused.
  const allSeen = new RegExp(`^leasehold_leases_in_flight\\{[^}]*\\} ${CALLERS}$`, 'm')
  await until(async () => allSeen.test(await (await fetch(`${url}/metrics`)).text()))
  server.child.kill('SIGTERM')
  await until(async () => (await readiness(url)) !== 200)
  // That was said while the work still went on.
  expect(server.child.exitCode).toBeNull()
  for (const answer of await inFlight) {
    expect(answer).toMatchObject({ status: 'fulfilled' })
    if (answer.status === 'fulfilled') expect(answer.value).toHaveLength(TEXTS)
  }
  expect(await server.ended).toBe(0)
  expect(server.stderr()).toBe('')
})
