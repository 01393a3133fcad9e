// Compiles examples/ and runs them, each in a process of its own. Usage: run-examples.mjs [start of a name …], by default
// all of them in order. (Node 20 does not run TypeScript; from Node 24 on `node examples/01-….ts` does.)
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
// Inside the package, so that `import 'leasehold'` means this very checkout.
const compiled = join(root, '.examples')

function run(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  return status === 0
}

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const options = [
  '--noEmit',
  'false',
  '--noCheck',
  '--declaration',
  'false',
  '--isolatedDeclarations',
  'false',
  '--rootDir',
  'examples',
  '--outDir',
  compiled,
]
if (!run([tsc, '-p', 'examples', ...options])) process.exit(1)

const asked = process.argv.slice(2)
const names = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.ts'))
  .filter((name) => asked.length === 0 || asked.some((start) => name.startsWith(start)))
  .toSorted()
if (names.length === 0) {
  console.error(`No example starts with ${asked.join(' or ')}`)
  process.exit(1)
}

const failed = names.filter((name) => {
  console.log(`\n${name}`)
  return !run([join(compiled, name.replace(/\.ts$/, '.js'))])
})
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}`)
  process.exit(1)
}
