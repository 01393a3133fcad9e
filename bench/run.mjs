// npm run bench -- [--only sync,container.singleton] [--rounds 15]
// Runs every row in a process of its own, prints a table and writes bench/results/latest.json. Rows that were not run keep
// their last result.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatRow, HEADER } from './lib/table.mjs'

const folder = import.meta.dirname
const resultFile = join(folder, 'results', 'latest.json')

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string', default: '15' } },
})
/** `sync` stands for all rows of that group, `sync.uncontended` for one. */
const wanted = options.only?.split(',')
const isWanted = (name) =>
  wanted === undefined || wanted.some((prefix) => name === prefix || name.startsWith(`${prefix}.`))

const rows = []
for (const file of readdirSync(join(folder, 'rows')).toSorted()) {
  const group = basename(file, '.mjs')
  // A group may need packages or models that are not there: it is loaded only if it is asked for.
  if (wanted !== undefined && !wanted.some((prefix) => prefix.split('.')[0] === group)) continue
  const { default: definitions } = await import(`./rows/${file}`)
  for (const { name } of definitions) if (isWanted(name)) rows.push({ file, name })
}
if (rows.length === 0) throw new Error(`No row is named ${options.only}.`)

console.log(HEADER)
const results = []
for (const { file, name } of rows) {
  const output = execFileSync(
    process.execPath,
    ['--expose-gc', join(folder, 'run-row.mjs'), file, name, options.rounds],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const result = JSON.parse(output)
  results.push(result)
  console.log(formatRow(result))
}

const earlier = existsSync(resultFile) ? JSON.parse(readFileSync(resultFile, 'utf8')).rows : []
const kept = earlier.filter((row) => !results.some(({ name }) => name === row.name))
mkdirSync(join(folder, 'results'), { recursive: true })
const report = {
  machine: {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    platform: process.platform,
    arch: process.arch,
  },
  node: process.version,
  rows: [...kept, ...results].toSorted((a, b) => a.name.localeCompare(b.name)),
}
writeFileSync(resultFile, `${JSON.stringify(report, undefined, 2)}\n`)

const missed = results.filter(({ ratio, target }) => target !== undefined && ratio < target)
if (missed.length > 0) console.log(`\nBelow target: ${missed.map(({ name }) => name).join(', ')}`)
