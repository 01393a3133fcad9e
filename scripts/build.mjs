// Compiles src/ to dist/ when a source file is newer than the last build. Plain `tsc`: a bundler would hide the path of
// the worker's entry file. Types are not checked here (`npm run typecheck` does that), so a start waits a second less.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const stamp = join(dist, '.built')

/** Newest change of a file, or of anything below a folder; the folder's own time tells of files that were removed. */
function newestMs(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return path.endsWith('.test.ts') ? 0 : stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))))
}

function compile(outDir) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', outDir], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) {
    rmSync(outDir, { recursive: true })
    process.exit(status ?? 1)
  }
  // Files that are read at run time and are not TypeScript (Lua scripts) keep their place beside the compiled code.
  cpSync(join(root, 'src'), outDir, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || path.endsWith('.lua'),
  })
}

/** Puts a finished build in the place of dist/, so that whoever runs from it sees the old one or the new one, whole. */
function putInPlace(built) {
  const old = `${built}-old`
  if (existsSync(dist)) renameSync(dist, old)
  try {
    renameSync(built, dist)
  } catch (error) {
    // Another process that built at the same time came first.
    if (!existsSync(stamp)) throw error
    rmSync(built, { recursive: true })
  }
  rmSync(old, { recursive: true, force: true })
}

const inputs = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']
const changedMs = Math.ceil(Math.max(...inputs.map((name) => newestMs(join(root, name)))))
if (!existsSync(stamp) || statSync(stamp).mtimeMs < changedMs) {
  // Beside dist/, since source maps hold relative paths.
  const built = join(root, `.dist-${process.pid}`)
  mkdirSync(built, { recursive: true })
  compile(built)
  writeFileSync(join(built, '.built'), '')
  // The time of the newest source, not of the end of the build: what is edited meanwhile is built next time.
  utimesSync(join(built, '.built'), changedMs / 1000, changedMs / 1000)
  putInPlace(built)
}
