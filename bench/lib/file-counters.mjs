// One of the processes that add 1 to a counter in a file: in a session, or in a row of SQLite.
import { openSessions } from '../../dist/session/index.js'
import { lmdbBackend } from '../../dist/session/lmdb/index.js'
import { countWhenAsked } from './counters.mjs'

countWhenAsked(async ({ path, options, synchronous }) => {
  const session = openSessions({ backend: await lmdbBackend({ path, ...options }) }).open('counter')
  return {
    ours: { add: () => session.apply('n', { inc: 1 }) },
    sqlite: await sqlite(`${path}.sqlite`, synchronous),
  }
})

/** As it is done with SQLite: a transaction for each addition, the write-ahead log, and patience. */
async function sqlite(path, synchronous) {
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
  database.exec(`CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, data TEXT)`)
  const read = database.prepare(`SELECT data FROM sessions WHERE id = 'counter'`)
  const write = database.prepare(`INSERT OR REPLACE INTO sessions VALUES ('counter', ?)`)
  const add = () => {
    database.exec('BEGIN IMMEDIATE')
    const value = JSON.parse(read.get()?.data ?? '{"n":0}')
    value.n++
    write.run(JSON.stringify(value))
    database.exec('COMMIT')
  }
  // It blocks the process, so that more callers would only wait for each other.
  return { callers: 1, add }
}
