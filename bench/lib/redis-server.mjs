// A Redis server of a row's own, which keeps nothing.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why there can be none, or undefined. */
export function whyNoRedis() {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'there is no redis-server on this machine'
  }
}

/** @returns {Promise<{ url: string, close: () => void }>} */
export async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-bench-'))
  const port = await freePort()
  const where = ['--port', port, '--bind', '127.0.0.1', '--dir', folder]
  const server = spawn('redis-server', [...where, '--save', ''], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const text of server.stdout) if (String(text).includes('Ready to accept connections')) break
  server.stdout.resume()
  return {
    url: `redis://127.0.0.1:${port}`,
    close() {
      server.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return String(port)
}
