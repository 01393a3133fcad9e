// What is not a package of npm: found by the environment, or skipped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort, untilReady } from './server.mjs'

/** A Python with sentence-transformers: `{ seconds(texts), close() }`, or why there is none. */
export async function startSentenceTransformers({ source }) {
  const python = process.env.BENCH_PYTHON
  if (python === undefined) return { skip: 'BENCH_PYTHON names no Python with sentence-transformers' }
  const script = join(import.meta.dirname, 'sentence_transformers_loop.py')
  const child = spawn(python, [script, source], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${python} has ended`)
    return JSON.parse(value)
  }
  await answer()
  return {
    seconds(texts) {
      child.stdin.write(`${JSON.stringify(texts)}\n`)
      return answer()
    },
    close: () => end(child),
  }
}

/** Text Embeddings Inference: `{ port, close() }`, or why there is none. */
export async function startTei({ source }) {
  const binary = process.env.BENCH_TEI
  if (binary === undefined) return { skip: 'BENCH_TEI names no text-embeddings-router' }
  const port = await freePort()
  const parameters = ['--model-id', source, '--port', String(port), '--dtype', 'float32', '--auto-truncate']
  const child = spawn(binary, parameters, { stdio: ['ignore', 'ignore', 'inherit'] })
  await untilReady(`http://127.0.0.1:${port}/health`, child)
  return { port, close: () => end(child) }
}

async function end(child) {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
