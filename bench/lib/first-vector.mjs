// The same by the library, with its defaults. first-vector.mjs <folder>
import { createRuntime } from '../../dist/index.js'

const runtime = await createRuntime({ models: { m: { source: process.argv[2] } } })
const {
  vectors: [vector],
} = await runtime.embed('m', 'first')
process.stdout.write(String(vector[0]))
process.exit(0)
