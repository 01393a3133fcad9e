// Shows that each race replay bites: all of them pass on a copy of the tree, and each fails once the fault that
// test/race/replay/bites/ has for it is applied there. Usage: node scripts/check-bites.mjs [f01 f17 …], by default all.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const REPLAYS = join('test', 'race', 'replay')
/** What runs from dist/ and not from src/, so that a fault in it needs a build. */
const BUILT = /^\+\+\+ b\/src\/(cli|engine|http|worker\/thread)\//m
/** What a run of the tests needs besides src/ and test/. */
const FILES = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts', 'bin']
const LINKED = ['node_modules', 'models']
/** A replay that hangs on its fault has found it too. */
const TIMEOUT_MS = 180_000

/** Without the global setup: what needs a build is built here. */
const VITEST_CONFIG = `export default { test: { include: ['test/**/*.test.ts'], testTimeout: 20_000, bail: 1 } }\n`

function makeCopy() {
  const copy = mkdtempSync(join(tmpdir(), 'leasehold-bites-'))
  for (const name of [...FILES, 'src', 'test'])
    cpSync(join(root, name), join(copy, name), { recursive: true })
  for (const name of LINKED) symlinkSync(join(root, name), join(copy, name))
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true })
  writeFileSync(join(copy, 'vitest.config.mjs'), VITEST_CONFIG)
  return copy
}

/** In a process group of its own, all of which ends with it: a fault may make a test spin for ever. */
function run(copy, command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: copy, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const killGroup = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Nobody of the group is left.
      }
    }
    const timer = setTimeout(killGroup, TIMEOUT_MS)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.once('error', reject)
    child.once('close', (status) => {
      clearTimeout(timer)
      killGroup()
      resolve({ failed: status !== 0, output })
    })
  })
}

function runReplays(copy, files) {
  return run(copy, process.execPath, [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...files])
}

function fileOf(replay) {
  const file = readdirSync(join(root, REPLAYS)).find((name) => name.startsWith(`${replay}-`))
  if (file === undefined) throw new Error(`${REPLAYS} has no ${replay}-*.test.ts`)
  return join(REPLAYS, file)
}

/** Answers what is wrong with the bite; undefined when the replay finds the fault. */
async function check(copy, replay, patch) {
  const applied = await run(copy, 'git', ['apply', '-C1', patch])
  if (applied.failed) return `the patch does not apply: ${applied.output.trim()}`
  try {
    if (BUILT.test(readFileSync(patch, 'utf8'))) {
      const built = await run(copy, process.execPath, ['scripts/build.mjs'])
      if (built.failed) return `the fault does not compile: ${built.output.trim()}`
    }
    const { failed, output } = await runReplays(copy, [fileOf(replay)])
    if (!failed) return 'the replay passes in spite of the fault'
    if (/No test files found|Transform failed|SyntaxError/.test(output))
      return `it did not run: ${output.trim()}`
    return undefined
  } finally {
    await run(copy, 'git', ['apply', '-C1', '--reverse', patch])
  }
}

const bites = readdirSync(join(root, REPLAYS, 'bites')).filter((name) => name.endsWith('.patch'))
const wanted = process.argv.slice(2)
const chosen = bites
  .map((name) => basename(name, '.patch'))
  .filter((it) => wanted.length === 0 || wanted.includes(it))
const copy = makeCopy()
let blunt = 0
try {
  const sound = await runReplays(copy, chosen.map(fileOf))
  if (sound.failed) throw new Error(`the replays fail without any fault:\n${sound.output}`)
  for (const replay of chosen) {
    const patch = join(root, REPLAYS, 'bites', `${replay}.patch`)
    const [fault] = readFileSync(patch, 'utf8').split('\n')
    const problem = await check(copy, replay, patch)
    if (problem !== undefined) blunt++
    console.log(
      `${replay}  ${problem === undefined ? 'bites' : 'FAILS'}  ${fault}${problem === undefined ? '' : `\n     ${problem}`}`,
    )
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
console.log(`${chosen.length - blunt} of ${chosen.length} replays bite`)
process.exitCode = blunt === 0 && chosen.length > 0 ? 0 : 1
