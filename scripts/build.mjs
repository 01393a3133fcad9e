// Compiles src/ to dist/ when a source file is newer than the last build. Plain `tsc`: a bundler would hide the path of
// the worker's entry file.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const stamp = join(dist, '.built')

function newest(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

const inputs = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) =>
  join(root, name),
)
const changedMs = Math.max(...inputs.map(newest))
if (!existsSync(stamp) || statSync(stamp).mtimeMs < changedMs) {
  // Without this a file that was removed from src/ would live on in dist/, and in the package.
  rmSync(dist, { recursive: true, force: true })
  rmSync(join(root, 'node_modules', '.cache', 'tsbuildinfo.json'), { force: true })
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
  // Files that are read at run time and are not TypeScript (Lua scripts) keep their place beside the compiled code.
  cpSync(join(root, 'src'), dist, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || path.endsWith('.lua'),
  })
  writeFileSync(stamp, '')
  utimesSync(stamp, new Date(), new Date())
}
