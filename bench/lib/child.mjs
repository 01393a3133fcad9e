// Processes that do one thing for a row and nothing else, and the questions and answers between them and the row.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/**
 * Starts a module of this folder as a process. It must call `answer()`.
 *
 * @param {string} file
 * @param {unknown} [setup] What its `start` is called with; a failure there rejects.
 * @returns {Promise<{ ask(what: string, with?: unknown): Promise<any>, close(): Promise<void> }>}
 */
export async function startChild(file, setup = {}) {
  const child = fork(join(import.meta.dirname, file), [], {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
  })
  const asked = []
  const isOver = once(child, 'exit')
  child.on('exit', (code, signal) => {
    for (const { reject } of asked.splice(0)) reject(new Error(`${file} ended with ${code ?? signal}`))
  })
  child.on('message', ({ error, value }) => {
    const { resolve, reject } = asked.shift()
    if (error === undefined) resolve(value)
    else reject(new Error(`${file}: ${error}`))
  })
  const ask = (what, parameters) =>
    new Promise((resolve, reject) => {
      asked.push({ resolve, reject })
      child.send({ what, parameters })
    })
  const close = async () => {
    child.kill('SIGKILL')
    await isOver
  }
  try {
    await ask('start', setup)
  } catch (error) {
    await close()
    throw error
  }
  return { ask, close }
}

/**
 * The other side of `startChild`: answers questions one after the other.
 *
 * @param {Record<string, (parameters: any) => unknown>} handlers By what is asked; `start` comes first.
 */
export function answer(handlers) {
  const reply = async (what, parameters) => {
    try {
      process.send({ value: await handlers[what](parameters) })
    } catch (error) {
      process.send({ error: error instanceof Error ? error.stack : String(error) })
    }
  }
  let last = Promise.resolve()
  process.on('message', ({ what, parameters }) => {
    const before = last
    last = (async () => {
      await before
      await reply(what, parameters)
    })()
  })
  process.on('disconnect', () => process.exit())
}
