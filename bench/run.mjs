// npm run bench -- [--only sync,embed.mixed.c4] [--rounds 15] [--quick] [--out bench/results/latest.json]
// Runs every row in a process of its own, prints a table and writes the results. Rows that were not run keep their last
// result. --quick takes one short round and writes nothing unless told where to: it shows that everything works, no more.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatRow, HEADER } from './lib/table.mjs'

const folder = import.meta.dirname

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})
const resultFile = options.out ?? (options.quick ? undefined : join(folder, 'results', 'latest.json'))

/** `sync` stands for all rows of that group, `sync.uncontended` for one; the name of a figure for the row that has it. */
const wanted = options.only?.split(',')
const isWanted = ({ name, figures = [] }) =>
  wanted === undefined ||
  wanted.some((prefix) =>
    [name, ...figures.map((figure) => `${name}.${figure.name}`)].some(
      (known) => known === prefix || known.startsWith(`${prefix}.`),
    ),
  )

const rows = []
for (const file of readdirSync(join(folder, 'rows')).toSorted()) {
  const group = basename(file, '.mjs')
  // A group may need packages or models that are not there: it is loaded only if it is asked for.
  if (wanted !== undefined && !wanted.some((prefix) => prefix.split('.')[0] === group)) continue
  const { default: definitions } = await import(`./rows/${file}`)
  for (const row of definitions) if (isWanted(row)) rows.push({ file, name: row.name })
}
if (rows.length === 0) throw new Error(`No row is named ${options.only}.`)

const machine = `${cpus()[0]?.model}, ${availableParallelism()} cores, ${process.platform} ${process.arch}, Node ${process.version}`
console.log(`On ${machine}. Both sides in turns, medians; a ratio of 1 or more: ours is better. Seed 1.`)
console.log(HEADER)
const environment = {
  ...process.env,
  // As the command line sets it: runs in flight take threads of libuv's pool.
  UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? String(availableParallelism() + 4),
}
const rowOptions = {
  ...(options.rounds !== undefined && { rounds: Number(options.rounds) }),
  isQuick: options.quick,
}
const results = []
for (const { file, name } of rows) {
  for (const result of measured(file, name)) {
    if ('skip' in result) {
      console.log(`${result.name}: skipped, ${result.skip}`)
      continue
    }
    results.push({ ...result, machine, measuredAt: new Date().toISOString() })
    console.log(formatRow(result))
  }
}

function measured(file, name) {
  const parameters = ['--expose-gc', join(folder, 'run-row.mjs'), file, name, JSON.stringify(rowOptions)]
  try {
    const stdio = ['ignore', 'pipe', 'inherit']
    return JSON.parse(
      execFileSync(process.execPath, parameters, { encoding: 'utf8', stdio, env: environment }),
    )
  } catch {
    // What it said stands above; the other rows can still be measured.
    process.exitCode = 1
    return [{ name, skip: 'it failed' }]
  }
}

if (resultFile !== undefined) {
  const earlier = existsSync(resultFile) ? JSON.parse(readFileSync(resultFile, 'utf8')) : []
  const kept = earlier.filter((row) => !results.some(({ name }) => name === row.name))
  const all = [...kept, ...results].toSorted((a, b) => a.name.localeCompare(b.name))
  mkdirSync(dirname(resultFile), { recursive: true })
  writeFileSync(resultFile, `${JSON.stringify(all, undefined, 2)}\n`)
}

const missed = results.filter(({ ratio, target }) => target !== undefined && ratio < target)
if (missed.length > 0 && !options.quick)
  console.log(`\nBelow target: ${missed.map(({ name }) => name).join(', ')}`)
