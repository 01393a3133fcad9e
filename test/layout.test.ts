import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const script = join(import.meta.dirname, '..', 'scripts', 'check-layout.mjs')
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'layout-'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** Runs the check over a tree of `path: content`. */
function check(tree: Record<string, string>): { status: number | null; breaches: string[] } {
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  const { status, stderr } = spawnSync(process.execPath, [script, root], { cwd: root, encoding: 'utf8' })
  return { status, breaches: stderr.split('\n').filter((line) => line !== '') }
}

test('imports of lower folders, of the own folder and of packages pass', () => {
  const result = check({
    'sync/mutex.ts':
      "import { Deferred } from '../kernel/deferred.ts'\nimport { a } from './a.ts'\nimport 'node:fs'",
    'engine/run.ts': "import type { Request } from '../worker/protocol.ts'\nimport '../kernel/abort.ts'",
    'index.ts': "export * from './http/server.ts'",
    'cli/main.ts': "import { createRuntime } from '../index.ts'",
  })
  expect(result).toEqual({ status: 0, breaches: [] })
})

test.each([
  ['a higher folder', "import { x } from '../http/server.ts'", 'sync/ (2) may not import http/ (8)'],
  [
    'a sibling of the same rank',
    "export { x } from '../monitor/x.ts'",
    'sync/ (2) may not import monitor/ (2)',
  ],
  ['types alone', "import type { X } from '../http/x.ts'", 'may not import http/ (8), not even types'],
  ['nothing by name', "import '../http/x.ts'", 'sync/ (2) may not import http/ (8)'],
  ['several lines', "import {\n  x,\n  y,\n} from '../http/x.ts'", 'sync/ (2) may not import http/ (8)'],
  ['a late import', "const m = await import('../http/x.ts')", 'sync/ (2) may not import http/ (8)'],
  ['the inside of the thread', "import { x } from '../engine/x.ts'", 'engine/x.ts runs inside the thread'],
  [
    'the other side of the port',
    "import { x } from '../worker/thread/x.ts'",
    'worker/thread/x.ts runs inside the thread',
  ],
  ['the façade', "import { x } from '../index.ts'", 'only the command line imports index.ts'],
  ['a folder without a rank', "import { x } from '../misc/x.ts'", 'misc/ has no rank'],
])('an import of %s is found with its line', (_name, line, reason) => {
  const { status, breaches } = check({ 'sync/bad.ts': `// first line\n${line}\n` })
  expect(status).toBe(1)
  expect(breaches).toEqual([expect.stringMatching(/^sync.bad\.ts:2: /)])
  expect(breaches[0]).toContain(reason)
})

test('the inside of the thread imports only what it shares with the main side', () => {
  const { breaches } = check({ 'worker/thread/main.ts': "import { host } from '../host.ts'" })
  expect(breaches).toEqual([
    expect.stringContaining('worker/thread/ runs inside the thread and may not import worker/host.ts'),
  ])
})

test('tests may import anything', () => {
  expect(check({ 'kernel/clock.test.ts': "import { x } from '../http/x.ts'" }).status).toBe(0)
})
