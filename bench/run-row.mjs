// Measures one row, in this process, and prints its results as JSON: node --expose-gc run-row.mjs <file> <name> <options>
import { measureRow } from './lib/measure.mjs'

const [file, name, options] = process.argv.slice(2)
const { default: rows } = await import(`./rows/${file}`)
const results = await measureRow(
  rows.find((row) => row.name === name),
  JSON.parse(options),
)
process.stdout.write(JSON.stringify(results))
