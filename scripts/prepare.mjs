// Runs before `npm start` and `npm test`: installs and builds what is missing or out of date, and nothing else. It uses
// only what Node itself brings, since on a fresh machine nothing else is there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const stamp = join(root, 'node_modules', '.leasehold-installed')

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/** The lock file and the platform decide what `node_modules` should hold. */
function wantedInstall() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.platform + process.arch)
    .digest('hex')
}

/** npm writes its own record of an install; one made by a plain `npm ci` is as good as ours. */
function installedByHand() {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || entry.optional || entry.link || installed[path]?.version === entry.version,
  )
}

const isCurrent = existsSync(stamp) && readFileSync(stamp, 'utf8') === wantedInstall()
if (!isCurrent && !installedByHand()) {
  console.error('Installing the dependencies (npm ci) …')
  run('npm', ['ci', '--no-audit', '--no-fund'])
}
if (!isCurrent) writeFileSync(stamp, wantedInstall())

run(process.execPath, [join(root, 'scripts', 'build.mjs')])
