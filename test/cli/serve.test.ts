import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI, { APIError } from 'openai'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { dial, until } from '../http/harness.ts'
import { BIN, run, start, startShared, type Running } from './command.ts'

const MODEL = join(import.meta.dirname, '..', '..', 'models', 'all-MiniLM-L6-v2')

interface Served extends Running {
  url: string
  port: number
}

/** A server as users start it, on a free port, once it listens. */
async function serve(parameters: string[] = [], environment: Record<string, string> = {}): Promise<Served> {
  return listening(start(['serve', '--port', '0', ...parameters], environment))
}

async function listening(running: Running): Promise<Served> {
  await until(() => /listens on (\S+)/.test(running.stdout()) || running.child.exitCode !== null)
  const url = /listens on (\S+)/.exec(running.stdout())?.[1]
  if (url === undefined) throw new Error(`It does not listen: ${running.stderr()}`)
  return { ...running, url, port: Number(new URL(url).port) }
}

const client = (url: string, apiKey = 'none'): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })

/** The sum of a metric over all its labels. */
async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (.+)$`, 'gm'))]
  return values.reduce((sum, [, value]) => sum + Number(value), 0)
}

const cosine = (a: readonly number[], b: readonly number[]): number => {
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

describe('leasehold serve, with the client of OpenAI', () => {
  let shared: Running
  let url: string
  beforeAll(async () => {
    shared = startShared(['serve', '--port', '0'])
    url = (await listening(shared)).url
  })
  afterAll(() => shared.kill())

  it('gives the vectors of the original model, as base64 and as numbers', async () => {
    const { items } = JSON.parse(readFileSync(join(MODEL, 'reference.json'), 'utf8')) as {
      items: { text: string; tokens: number; embedding: number[] }[]
    }
    const accepted = items.filter(({ text }) => text !== '' && !text.includes('\0'))
    const input = accepted.map(({ text }) => text)
    const asBase64 = await client(url).embeddings.create({ model: 'all-MiniLM-L6-v2', input })
    const asNumbers = await client(url).embeddings.create({
      model: 'all-MiniLM-L6-v2',
      input,
      encoding_format: 'float',
    })
    expect(asBase64.data.map(({ embedding }) => embedding)).toEqual(
      asNumbers.data.map(({ embedding }) => [...Float32Array.from(embedding)]),
    )
    for (const [index, { embedding }] of asBase64.data.entries()) {
      expect(cosine(embedding, accepted[index]?.embedding ?? [])).toBeGreaterThan(0.99)
    }
    expect(asBase64.usage.prompt_tokens).toBe(accepted.reduce((sum, { tokens }) => sum + tokens, 0))
  })

  it('cuts to dimensions and normalises again', async () => {
    const request = { model: 'all-MiniLM-L6-v2', input: 'Hello' }
    const whole = (await client(url).embeddings.create(request)).data[0]?.embedding ?? []
    const cut = (await client(url).embeddings.create({ ...request, dimensions: 64 })).data[0]?.embedding ?? []
    expect(cut).toHaveLength(64)
    expect(cosine(cut, whole.slice(0, 64))).toBeCloseTo(1, 5)
    expect(cut.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5)
    await expect(client(url).embeddings.create({ ...request, dimensions: 385 })).rejects.toMatchObject({
      status: 400,
      param: 'dimensions',
    })
  })

  it('reports what is wrong in a way that the client understands', async () => {
    const create = (body: object): Promise<unknown> =>
      client(url).embeddings.create({ model: 'all-MiniLM-L6-v2', input: 'a', ...body })
    await expect(create({ model: 'all-MiniLM' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
    await expect(create({ input: [] })).rejects.toMatchObject({ status: 400, param: 'input' })
    await expect(create({ input: 'word '.repeat(600), truncate: false })).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
    })
    await expect(create({ input: [[1_000_000]] })).rejects.toBeInstanceOf(APIError)
    await expect(create({})).resolves.toMatchObject({ object: 'list' })
  })

  it('lists its models', async () => {
    const { data } = await client(url).models.list()
    expect(data).toMatchObject([
      { id: 'all-MiniLM-L6-v2', object: 'model' },
      { id: 'translate-en-hi-tiny', tasks: ['translate'], status: { value: 'unloaded' } },
      { id: 'translate-hi-en-tiny', tasks: ['translate'], status: { value: 'unloaded' } },
    ])
    await expect(client(url).models.retrieve('all-MiniLM-L6-v2')).resolves.toMatchObject({
      id: 'all-MiniLM-L6-v2',
    })
    await expect(client(url).models.retrieve('org/none')).rejects.toMatchObject({ status: 404 })
  })

  it('asks for the key from the environment', async () => {
    const keyed = await serve([], { LEASEHOLD_API_KEY: 'correct-horse' })
    await expect(client(keyed.url, 'wrong-horse').models.list()).rejects.toMatchObject({
      status: 401,
      code: 'invalid_api_key',
    })
    await expect(client(keyed.url, 'correct-horse').models.list()).resolves.toBeDefined()
  })
})

describe('leasehold serve, its life', () => {
  it('leaves nothing in flight when a client is killed in the middle of its request', async () => {
    const { url, port } = await serve()
    await until(async () => (await fetch(`${url}/readyz`)).ok)
    const input = Array.from(
      { length: 1000 },
      (_, index) => `text number ${index} ${'and more words '.repeat(60)}`,
    )
    const body = JSON.stringify({ model: 'all-MiniLM-L6-v2', input })
    const { socket } = await dial(port)
    socket.write(
      `POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    await until(async () => (await metric(url, 'leasehold_leases_in_flight')) === 1)
    socket.destroy()
    await until(async () => (await metric(url, 'leasehold_leases_in_flight')) === 0)
    expect(await metric(url, 'leasehold_queue_length')).toBe(0)
    expect(await metric(url, 'leasehold_http_requests_in_flight')).toBe(1)
    await expect(
      client(url).embeddings.create({ model: 'all-MiniLM-L6-v2', input: 'next' }),
    ).resolves.toBeDefined()
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'answers what is in flight on %s and ends with 0',
    async (signal) => {
      const { url, child, ended, stderr } = await serve()
      await until(async () => (await fetch(`${url}/readyz`)).ok)
      const input = Array.from(
        { length: 100 },
        (_, index) => `text number ${index} ${'and more words '.repeat(20)}`,
      )
      const answer = client(url).embeddings.create({ model: 'all-MiniLM-L6-v2', input })
      await until(async () => (await metric(url, 'leasehold_leases_in_flight')) === 1)
      child.kill(signal)
      expect((await answer).data).toHaveLength(100)
      expect([await ended, stderr()]).toEqual([0, ''])
    },
  )

  it('is not held up by a connection that is kept alive', async () => {
    const { port, child, ended } = await serve()
    const { socket, received, closed } = await dial(port)
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => received().includes('alive'))
    child.kill('SIGTERM')
    await closed
    expect(await ended).toBe(0)
  })

  it('ends when npm runs it and the shell between them is gone', async () => {
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${BIN}" serve --port 0; true`], {
      env: { ...process.env, npm_lifecycle_event: 'start' },
    })
    onTestFinished(() => void shell.kill('SIGKILL'))
    let text = ''
    shell.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await until(() => text.includes('is ready'))
    shell.kill('SIGTERM')
    const url = /listens on (\S+)/.exec(text)?.[1]
    await until(() =>
      fetch(`${url}/livez`).then(
        () => false,
        () => true,
      ),
    )
  })

  it('ends at once on a second signal', async () => {
    const { url, child, ended } = await serve([], { LEASEHOLD_GRACE_MS: '600000' })
    await until(async () => (await fetch(`${url}/readyz`)).ok)
    const input = Array.from(
      { length: 2000 },
      (_, index) => `text number ${index} ${'and more words '.repeat(60)}`,
    )
    const answer = client(url)
      .embeddings.create({ model: 'all-MiniLM-L6-v2', input })
      .catch((error: Error) => error)
    await until(async () => (await metric(url, 'leasehold_leases_in_flight')) === 1)
    child.kill('SIGTERM')
    await until(async () => !(await fetch(`${url}/readyz`)).ok)
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
    expect(await answer).toBeInstanceOf(Error)
  })

  it('serves what the configuration names, by name and by alias', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leasehold-serve-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'leasehold.yaml')
    writeFileSync(
      path,
      `models:\n  mini: { source: ${JSON.stringify(MODEL)} }\nserver:\n  aliases: { text-embedding-3-small: mini }\n`,
    )
    const { url } = await serve(['--config', path])
    const { model, data } = await client(url).embeddings.create({
      model: 'text-embedding-3-small',
      input: 'Hello',
    })
    expect([model, data[0]?.embedding.length]).toEqual(['mini', 384])
  })
})

describe('leasehold serve, what it refuses', () => {
  it('a port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await until(() => other.listening)
    const { port } = other.address() as { port: number }
    const { code, stderr } = await run(['serve', '--port', String(port)])
    expect([code, stderr]).toEqual([
      3,
      `leasehold: Cannot listen on 127.0.0.1 port ${port}: another program does; stop it or choose another port with --port, 0 for any free one.\n`,
    ])
  })

  it('a model whose files are damaged, naming the file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leasehold-damaged-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'config.json'), '{')
    const { code, stderr } = await run(['serve', folder, '--port', '0'])
    expect(code).toBe(1)
    expect(stderr).toContain(folder)
  })

  it('a store for sessions that cannot be had', async () => {
    const environment = { LEASEHOLD_SESSIONS: `lmdb:${import.meta.filename}` }
    const { code, stdout, stderr } = await run(['serve', '--port', '0'], { environment })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('is not a session store')
  })

  it.each([
    [['serve', '/does/not/exist'], 'The model folder /does/not/exist does not exist.'],
    [['serve', import.meta.filename], 'is a file; a model is the folder that holds its files'],
    [['serve', '--port', 'http'], '--port must be a number, not "http"'],
    [['serve', '--port', '70000'], '--port must be at most 65535, not 70000'],
    [['serve', '--host', '0.0.0.0'], 'where others can reach it, and no key is asked for'],
    [['serve', '--dtype', 'int9'], '--dtype must be one of fp32, fp16, int8, q8, q4, not "int9"'],
    [['serve', '--config', '/does/not/exist.yaml'], '/does/not/exist.yaml does not exist'],
    [['serve', '--log-level', 'loud'], '--log-level must be one of silent, fatal'],
    [['serve', '--prot', '1'], '(Did you mean --port?)'],
    [['serv'], '(Did you mean serve?)'],
    [['serve', 'a', 'b'], 'too many arguments'],
  ])('%j', async (parameters, message) => {
    const { code, stdout, stderr } = await run(parameters)
    expect(stderr).toContain(message)
    expect([code, stdout]).toEqual([2, ''])
  })
})

describe('leasehold', () => {
  it.each([['--help'], ['serve', '--help'], ['embed', '--help'], ['doctor', '--help']])(
    '%s %s teaches',
    async (...parameters) => {
      const { code, stdout, stderr } = await run(parameters)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(/Usage: leasehold/)
      expect(stdout).toMatch(/Examples:|Start with:|Exit codes:/)
    },
  )

  it('says its version', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('alone shows the help, as a fault', async () => {
    const { code, stderr } = await run([])
    expect(code).toBe(2)
    expect(stderr).toContain('Usage: leasehold')
  })
})
