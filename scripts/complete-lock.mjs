// Run it after `npm install <package>`. npm leaves a platform's optional package out of the lock file when the registry at
// hand does not serve it, and `npm ci` then refuses the lock file everywhere. This writes what npm would have written, but
// for the hash: the versions are exact and stand in the package that wants them, the platform stands in the name.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const OS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

const file = join(import.meta.dirname, '..', 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))

function platformOf(name) {
  const words = name.split(/[/-]/)
  const libc = { gnu: 'glibc', musl: 'musl' }[words.at(-1)]
  const os = words.filter((word) => OS.includes(word))
  const cpu = words.filter((word) => CPU.includes(word))
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name} does not name its platform.`)
  return { os, cpu, libc: libc && [libc] }
}

for (const { optionalDependencies = {}, dev, license } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`
    if (Object.keys(lock.packages).some((known) => known.endsWith(path))) continue
    if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${name}@${version} is not an exact version.`)
    const { os, cpu, libc } = platformOf(name)
    // In npm's order, so that its next install changes nothing. What is undefined is not written.
    lock.packages[path] = { version, cpu, dev, libc, license, optional: true, os }
    console.log(`${name}@${version}`)
  }
}

const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'))
lock.packages = Object.fromEntries(sorted)
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
