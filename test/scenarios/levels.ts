import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Container, provide, Token } from '../../src/container/index.ts'
import { Registry } from '../../src/registry/index.ts'

/** What a scenario's body works with: of `src/` in this thread, of `dist/` elsewhere. */
export interface Library {
  Container: typeof Container
  provide: typeof provide
  Registry: typeof Registry
  Token: typeof Token
}

/** Runs `body` and answers with its result, which crosses as a message. */
export type Level = <R>(body: (library: Library) => Promise<R>) => Promise<R>

const script = new URL('./level-body.mjs', import.meta.url)

/**
 * Where a scenario must hold. Elsewhere than here a body arrives as text, so it refers to nothing outside of itself but
 * what it is given.
 */
export const LEVELS: [name: string, level: Level][] = [
  ['in tasks of one loop', (body) => body({ Container, provide, Registry, Token })],
  ['in a worker thread', inThread],
  [
    'in three worker threads at once',
    async (body) => (await Promise.all([inThread(body), inThread(body), inThread(body)]))[0],
  ],
  ['in a process', inProcess],
]

async function inThread<R>(body: (library: Library) => Promise<R>): Promise<R> {
  const worker = new Worker(script, { workerData: String(body) })
  const [result] = (await once(worker, 'message')) as [R]
  await worker.terminate()
  return result
}

async function inProcess<R>(body: (library: Library) => Promise<R>): Promise<R> {
  const child = fork(fileURLToPath(script), { serialization: 'advanced' })
  child.send(String(body))
  const [result] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [R]
  child.kill()
  return result
}
