// npm run soak:sessions — the long form of the tests of sessions from several sides, for each backend: 100 threads, 500 writers
// killed, 10,000 recorded histories from threads and as many from processes. Takes about an hour.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const { status } = spawnSync(
  process.execPath,
  // One store after the other: there is enough at once without that.
  [vitest, 'run', '--no-file-parallelism', 'test/stress/session', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SESSION_SOAK: 'long' },
  },
)
process.exit(status ?? 1)
