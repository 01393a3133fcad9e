// Works on one session from a process or a thread of its own, with the compiled library: Node 20 cannot run TypeScript. What to
// do comes as JSON, in the last argument or as the thread's data; what came of it goes to the parent, line by line.
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openSessions } from '../../dist/session/index.js'
import { recordHistory } from './session-history.mjs'

const task = isMainThread ? JSON.parse(process.argv.at(-1)) : workerData
const say = (message) =>
  isMainThread ? process.stdout.write(`${JSON.stringify(message)}\n`) : parentPort.postMessage(message)

/** Resolves when the other side has it, or the system for it. */
const said = (message) =>
  isMainThread
    ? new Promise((resolve) => process.stdout.write(`${JSON.stringify(message)}\n`, resolve))
    : parentPort.postMessage(message)

async function openBackend({ kind, ...options }) {
  if (kind === 'lmdb') return (await import('../../dist/session/lmdb/index.js')).lmdbBackend(options)
  return (await import('../../dist/session/redis/index.js')).redisBackend(options)
}

/** What the last commits of this worker came to, by session. */
const versions = new Map()

/** The backend, with an eye on its commits. */
function noted(backend) {
  for (const name of ['commit', 'increment']) {
    const original = backend[name]?.bind(backend)
    if (original === undefined) continue
    backend[name] = async (id, change) => {
      const result = await original(id, change)
      if (result.outcome === 'done') versions.set(id, result.version)
      return result
    }
  }
  return backend
}

const jobs = {
  /** Adds 1 so many times, in several callers, and in every way. */
  async increment({ callers, calls }, session) {
    await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        for (let i = 0; i < calls; i++) {
          if ((caller + i) % 10 === 0)
            await session.atomicUpdateAsync(async (tx) => {
              await turn()
              return { n: (tx.get('n') ?? 0) + 1 }
            })
          else if (i % 2 === 0) await session.apply('n', { inc: 1 })
          else await session.atomicUpdate(({ n = 0 }) => ({ n: n + 1 }))
        }
      }),
    )
  },

  /**
   * Recorded histories of calls at random, each on a session of its own that all workers begin with together. Most of the time
   * such a call waits, for the disk or for its turn: so there are as many histories at once as `lanes`.
   */
  async history({ id, seed, callers, calls, rounds, workers, lanes }) {
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        const barrier = sessions.open(`${id}-barrier-${lane}`)
        let wanted = 0
        for (let round = lane; round < rounds; round += lanes) {
          const { value } = await barrier.apply('arrived', { inc: 1 })
          wanted += workers
          for (let arrived = value; arrived < wanted; arrived = await barrier.get('arrived')) await pause(1)
          const session = sessions.open(`${id}-${round}`)
          const lastVersion = () => versions.get(session.id)
          const options = { seed: seed * rounds + round, callers, calls, lastVersion }
          say({ round, history: await recordHistory(session, options) })
          versions.delete(session.id)
        }
      }),
    )
  },

  /** Adds 1 to both keys, until it is killed, and says what has been answered. */
  async write({ callers }, session) {
    await Promise.all(
      Array.from({ length: callers }, async () => {
        for (;;) {
          let n
          await session.atomicUpdate(({ a = 0, b = 0 }) => ((n = a + 1), { a: n, b: b + 1 }))
          // What waits in this process to be said would be lost with it.
          await said({ acknowledged: n })
        }
      }),
    )
  },

  /** Holds the session until it is killed. */
  async hold(_task, session) {
    await session.withLock(async (tx) => {
      tx.set('n', -1)
      say({ holds: true })
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    })
  },
}

const backend = await openBackend(task.backend)
// Whoever waits for a worker that has failed does not outlive the test.
process.on('disconnect', () => process.exit(1))
process.channel?.unref()

const sessions = openSessions({
  backend: task.job === 'history' ? noted(backend) : backend,
  timeoutMs: task.timeoutMs ?? 20_000,
  leaseMs: task.leaseMs ?? 3_000,
})
const session = sessions.open(task.id)
say({ ready: true })
await jobs[task.job](task, session)
await sessions.close()
say({ done: true })
