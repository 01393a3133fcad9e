import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const script = join(import.meta.dirname, '..', '..', 'bench', 'run.mjs')
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function bench(...parameters: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [script, '--quick', ...parameters], { encoding: 'utf8' })
}

describe('npm run bench', () => {
  it('measures the engine, the library and the server, and keeps rows that it did not run', () => {
    const file = join(folder, 'results.json')
    const kept = { name: 'kept', value: 1, unit: 'ms', against: 'nothing', ratio: 1 }
    writeFileSync(file, JSON.stringify([kept]))
    const { status, stdout, stderr } = bench('--only', 'embed.short.c1,http.short.c4', '--out', file)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const results = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>[]
    const row = { value: expect.any(Number), against: expect.any(String), ratio: expect.any(Number) }
    expect(results).toMatchObject([
      { ...row, name: 'embed.short.c1.cpu_vs_engine_loop', unit: 'CPU ms/text' },
      { ...row, name: 'embed.short.c1.vs_engine_loop', unit: 'texts/s' },
      { ...row, name: 'embed.short.c1.vs_same_at_hand', unit: 'texts/s' },
      { ...row, name: 'http.short.c4.vs_library', unit: 'texts/s' },
      kept,
    ])
    for (const { name } of results.slice(0, -1)) expect(stdout).toContain(name)
  })

  it('says why a row cannot run here', () => {
    const { status, stdout } = bench('--only', 'http.mixed.c4.vs_tei')
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^http\.mixed\.c4\.vs_tei: skipped, BENCH_\w+ /m),
    })
  })

  it('refuses the name of no row', () => {
    expect(bench('--only', 'nothing')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('No row is named nothing.'),
    })
  })
})
