import { fork } from 'node:child_process'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const command = join(import.meta.dirname, '..', '..', 'bin', 'leasehold.cjs')
const reporter = new URL('cpu-reporter.mjs', import.meta.url).href

/**
 * The server as people start it, ready to serve.
 *
 * @param {{ source: string, dtype: string }} model
 * @param {Record<string, unknown>} [limits] Fields of the configuration, beside its defaults.
 */
export async function startServer(model, limits = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-bench-'))
  const file = join(folder, 'leasehold.json')
  writeFileSync(file, JSON.stringify({ models: { m: { ...model, preload: true, ...limits } } }))
  const port = await freePort()
  const server = startNode(command, ['serve', '--config', file, '--port', String(port)])
  await untilReady(`http://127.0.0.1:${port}/readyz`, server.child)
  return {
    ...server,
    port,
    async close() {
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A server that is written as most people write theirs, with the same file. */
export async function startPipelineHandler(model) {
  const port = await freePort()
  const file = join(import.meta.dirname, 'pipeline-handler.mjs')
  const server = startNode(file, [JSON.stringify({ ...model, port })])
  await untilReady(`http://127.0.0.1:${port}/readyz`, server.child)
  return { ...server, port }
}

/** A process of Node that tells, when it is asked, how much CPU time it has taken and how late its event loop was. */
function startNode(file, parameters) {
  const child = fork(file, parameters, {
    execArgv: ['--import', reporter],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ask = async (what) => {
    const reply = once(child, 'message')
    child.send(what)
    return (await reply)[0]
  }
  return {
    child,
    /** CPU time of the process with all its threads so far, in milliseconds. */
    cpuMs: () => ask('cpu'),
    /** How late the event loop came round in all but 1 % of the cases since the last question, in milliseconds. */
    delayP99Ms: () => ask('delay'),
    async close() {
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}

/** @param {import('node:child_process').ChildProcess} server */
export async function untilReady(url, server) {
  const endMs = performance.now() + 60_000
  for (;;) {
    const isReady = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (isReady) return
    if (server.exitCode !== null) throw new Error(`The server ended with ${server.exitCode}.`)
    if (performance.now() > endMs) throw new Error(`${url} does not answer.`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
