// Measures one row, in this process, and prints its result as JSON: node --expose-gc run-row.mjs <file> <name> <rounds>
import { measureRow } from './lib/measure.mjs'

const [file, name, rounds] = process.argv.slice(2)
const { default: rows } = await import(`./rows/${file}`)
const result = await measureRow(
  rows.find((row) => row.name === name),
  Number(rounds),
)
process.stdout.write(JSON.stringify(result))
