// Two processes that add 1 to counters in Redis for a while, on a server of their own; one process when started with arguments.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { openSessions } from '../../dist/session/index.js'
import { redisBackend } from '../../dist/session/redis/index.js'

const PROCESSES = 2
const CALLERS = 64
const ROUND_MS = 700

/**
 * @param {'watch' | 'lua'} theirs How the other side adds.
 * @param {number} keys How many counters there are.
 * @returns {Promise<import('./measure.mjs').Sides>}
 */
export async function countersOnRedis(theirs, keys) {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-bench-'))
  const port = await freePort()
  const server = spawn(
    'redis-server',
    ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  await once(server.stdout, 'data')
  server.stdout.resume()
  const workers = await Promise.all(Array.from({ length: PROCESSES }, () => startWorker(port, keys)))
  const measure = (side) => async () => {
    const counts = workers.map((worker) => once(worker, 'message'))
    for (const worker of workers) worker.send(side)
    const done = (await Promise.all(counts)).reduce((sum, [count]) => sum + count, 0)
    return (done * 1_000) / ROUND_MS
  }
  return {
    ours: measure('ours'),
    theirs: measure(theirs),
    close() {
      for (const worker of workers) worker.kill()
      server.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startWorker(port, keys) {
  const worker = fork(fileURLToPath(import.meta.url), [port, keys], { execArgv: [] })
  await once(worker, 'message')
  return worker
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return String(port)
}

/** Adds until the time is over, in all callers at once, and tells how often. */
async function count(add, keys) {
  const untilMs = performance.now() + ROUND_MS
  let done = 0
  const call = async (_, caller) => {
    for (let i = caller; performance.now() < untilMs; i += 17) {
      await add(i % keys, caller)
      done++
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
  return done
}

async function work(port, keys) {
  const url = `redis://127.0.0.1:${port}`
  const sessions = openSessions({ backend: await redisBackend({ url }), timeoutMs: 60_000 })
  const managers = Array.from({ length: keys }, (_, i) => sessions.open(`counter${i}`))
  const shared = new Redis(url)
  const lua = `
    local value = cjson.decode(redis.call('GET', KEYS[1]) or '{"n":0}')
    value.n = value.n + 1
    redis.call('SET', KEYS[1], cjson.encode(value))
    return value.n`
  shared.defineCommand('add', { lua, numberOfKeys: 1 })
  // WATCH belongs to a connection.
  const own = Array.from({ length: CALLERS }, () => new Redis(url))
  const sides = {
    ours: (key) => managers[key].apply('n', { inc: 1 }),
    lua: (key) => shared.add(`lua${key}`),
    async watch(key, caller) {
      const redis = own[caller]
      for (;;) {
        await redis.watch(`watch${key}`)
        const value = JSON.parse((await redis.get(`watch${key}`)) ?? '{"n":0}')
        value.n++
        if (await redis.multi().set(`watch${key}`, JSON.stringify(value)).exec()) return
      }
    },
  }
  const tell = async (side) => process.send(await count(sides[side], keys))
  process.on('message', (side) => void tell(side))
  process.send('ready')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await work(process.argv[2], Number(process.argv[3]))
