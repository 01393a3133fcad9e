// Says which lines of src/ the tests reached, and fails below a percentage. Usage: check-coverage.mjs <percent>, after
// `npm test -- --coverage`. What vitest counts in its own processes is put together with what Node wrote down for worker
// threads and child processes (vitest.config.ts asks it to), which run the compiled code.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { mergeProcessCovs } from '@bcoe/v8-coverage'
import astV8ToIstanbul from 'ast-v8-to-istanbul'
import coverageLibrary from 'istanbul-lib-coverage'
import { parseAstAsync } from 'vitest/node'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'coverage')
const compiled = pathToFileURL(join(root, 'dist')).href
const wantedPercent = Number(process.argv[2])

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** Counts of V8 for each compiled file, added up over all processes and threads. */
function countsOfCompiled() {
  const processes = readdirSync(join(folder, 'processes')).flatMap((name) => {
    try {
      const { result } = readJson(join(folder, 'processes', name))
      return [{ result: result.filter(({ url }) => url.startsWith(compiled)) }]
    } catch {
      // Of a process that a test killed while it was writing.
      return []
    }
  })
  return mergeProcessCovs(processes).result
}

/** The same by the lines of the source file, in the form that vitest writes. */
async function toSource({ url, functions }) {
  const path = fileURLToPath(url)
  const code = readFileSync(path, 'utf8')
  const sourceMap = readJson(`${path}.map`)
  return astV8ToIstanbul({ code, sourceMap, ast: await parseAstAsync(code), coverage: { url, functions } })
}

const reached = coverageLibrary.createCoverageMap(readJson(join(folder, 'coverage-final.json')))
const known = new Set(reached.files())
for (const script of countsOfCompiled()) {
  const elsewhere = coverageLibrary.createCoverageMap(await toSource(script))
  for (const file of elsewhere.files()) {
    if (!known.has(file))
      throw new Error(`${script.url} comes from ${file}, which is not in the report of vitest.`)
    addLines(reached.fileCoverageFor(file), elsewhere.fileCoverageFor(file).getLineCoverage())
  }
}

/** The statements of vitest's report stay what they are; those that begin on a line reached elsewhere count as reached. */
function addLines(coverage, lines) {
  for (const [id, { start }] of Object.entries(coverage.data.statementMap))
    coverage.data.s[id] += lines[start.line] ?? 0
}

const rows = reached.files().map((file) => {
  const { total, covered } = reached.fileCoverageFor(file).toSummary().lines
  return {
    file: relative(root, file),
    total,
    missed: total - covered,
    lines: reached.fileCoverageFor(file).getUncoveredLines(),
  }
})
for (const { file, total, missed, lines } of rows.toSorted((a, b) => b.missed - a.missed).slice(0, 20)) {
  if (missed > 0)
    console.log(`${missed} of ${total} lines not reached: ${file}:${lines.slice(0, 12).join(',')}`)
}
const { total, pct } = reached.getCoverageSummary().lines
console.log(`${pct} % of ${total} lines reached, ${wantedPercent} % asked for`)
if (!(pct >= wantedPercent)) process.exitCode = 1
