// Writes docs/config.schema.json from the schema that the configuration is checked with. To be run after a change there;
// a test holds the two against each other.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'

await import('./build.mjs')
const root = join(import.meta.dirname, '..')
const { configJsonSchema } = await import('../dist/config/json-schema.js')
const path = join(root, 'docs', 'config.schema.json')
const options = await resolveConfig(path)
writeFileSync(path, await format(JSON.stringify(configJsonSchema()), { ...options, parser: 'json' }))
