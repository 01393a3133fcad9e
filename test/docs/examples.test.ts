/**
 * The TypeScript in README.md and docs/ compiles, runs, and prints what its `// =>` comments say, where it has any. Each block is a program of
 * its own that imports the package by its name.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { codeBlocksOf } from './code-blocks.ts'

const files = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)].filter(
  (file) => file.endsWith('.md') && existsSync(file),
)
const blocks = files.flatMap(codeBlocksOf).map((block, index) => ({ ...block, name: `block-${index}` }))

// Inside the repository, where the package's own name can be imported.
const folder = join('test', 'docs', '.generated')

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const compilerOptions = {
    noEmit: false,
    outDir: 'out',
    rootDir: '.',
    isolatedDeclarations: false,
    declaration: false,
    noUnusedLocals: false,
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.json', compilerOptions, include: ['*.ts'], exclude: [] }),
  )
  // A line of its own would move the compiler's line numbers.
  for (const { name, code } of blocks) writeFileSync(join(folder, `${name}.ts`), `export {};${code}`)
})

describe('the examples of the documents', () => {
  it('compile', () => {
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc')
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    const messages = stdout.replaceAll(/\S*block-(\d+)\.ts/g, (_file, index: string) => {
      return blocks[Number(index)]?.where ?? ''
    })
    expect(messages).toBe('')
    expect(status).toBe(0)
  })

  it.each(blocks.filter(({ isRun }) => isRun))('run: $where', ({ name, prints }) => {
    const output = execFileSync(process.execPath, [join(folder, 'out', `${name}.js`)], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    if (prints.length > 0) expect(output.trim().split('\n')).toEqual(prints)
  })
})
