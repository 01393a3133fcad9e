// Compares the lines that the tests reached with what is asked for. Usage: check-coverage.mjs <percent>, after
// `npm test -- --coverage --coverage.reporter=json-summary`. Prints the files that are furthest from it.
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const wantedPercent = Number(process.argv[2])
const { total, ...files } = JSON.parse(readFileSync(join(root, 'coverage', 'coverage-summary.json'), 'utf8'))

const missed = Object.entries(files)
  .map(([file, { lines }]) => ({
    file: relative(root, file),
    missed: lines.total - lines.covered,
    lines: lines.total,
  }))
  .filter(({ missed }) => missed > 0)
  .toSorted((a, b) => b.missed - a.missed)
for (const { file, missed: count, lines } of missed.slice(0, 15))
  console.log(`${count} of ${lines} lines not reached: ${file}`)

const { pct } = total.lines
console.log(`${pct} % of ${total.lines.total} lines reached, ${wantedPercent} % asked for`)
if (!(pct >= wantedPercent)) process.exit(1)
