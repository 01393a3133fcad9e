// Imports every subpath of the package that is installed in a folder, as a user of it would, and asks its command for its
// version. Usage: check-package.mjs <folder with node_modules/leasehold>.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const folder = resolve(process.argv[2])
const installed = join(folder, 'node_modules', 'leasehold')
const { exports, bin, version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))

for (const subpath of Object.keys(exports)) {
  if (subpath.endsWith('.json')) continue
  const name = `leasehold${subpath.slice(1)}`
  const script = `console.log(Object.keys(await import(${JSON.stringify(name)})).length)`
  const options = { cwd: folder, encoding: 'utf8' }
  const count = Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], options))
  if (count === 0) throw new Error(`${name} exports nothing`)
  console.log(`${name}: ${count} exports`)
}

const said = execFileSync(process.execPath, [join(installed, bin.leasehold), '--version'], {
  encoding: 'utf8',
})
if (said.trim() !== version)
  throw new Error(`leasehold --version says ${said.trim()}, the package is ${version}`)
console.log(`leasehold --version: ${said.trim()}`)
