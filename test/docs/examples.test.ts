import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

/** A block of a document that is marked `ts`: a whole program, which compiles and runs as it stands. */
interface Example {
  /** `README.md:12`, the line at which it starts. */
  place: string
  code: string
  /** What the comment behind each `console.log(…)` says that it prints. */
  prints: string[]
}

function examplesOf(file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8')
  return Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), ({ index, 1: code = '' }) => ({
    place: `${file}:${text.slice(0, index).split('\n').length + 1}`,
    code,
    prints: Array.from(code.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm), ([, comment = '']) => comment),
  }))
}

const documents = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
const files = ['README.md', ...documents.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]
const examples = files.flatMap(examplesOf)
const fileOf = (place: string): string => place.replaceAll(/[^\w]+/g, '-')
let folder: string

/** Compiles all of them at once, in a folder of the package, so that `leasehold` means this checkout. */
beforeAll(() => {
  mkdirSync(join(root, '.examples'), { recursive: true })
  folder = mkdtempSync(join(root, '.examples', 'docs-'))
  for (const { place, code } of examples) writeFileSync(join(folder, `${fileOf(place)}.ts`), code)
  const compilerOptions = {
    noEmit: false,
    rootDir: '.',
    outDir: 'out',
    declaration: false,
    isolatedDeclarations: false,
  }
  const config = { extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  expect(stdout).toBe('')
  expect(status).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true }))

test.each(examples)('$place runs and prints what it says', ({ place, prints }) => {
  const script = join(folder, 'out', `${fileOf(place)}.js`)
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd: root, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout.split('\n').filter((line) => prints.includes(line))).toEqual(prints)
  expect(status).toBe(0)
})
