import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configJsonSchema } from '../../src/config/json-schema.ts'

const docs = join(import.meta.dirname, '..', '..', 'docs')

interface Schema {
  description?: string
  default?: unknown
  properties?: Record<string, Schema>
  additionalProperties?: Schema
}

test('docs/config.schema.json is the schema that the configuration is checked with', () => {
  // After a change: node scripts/write-config-schema.mjs
  expect(JSON.parse(readFileSync(join(docs, 'config.schema.json'), 'utf8'))).toEqual(configJsonSchema())
})

test('docs/config.md has every field, with its default and its meaning', () => {
  const text = readFileSync(join(docs, 'config.md'), 'utf8').replaceAll(/ +/g, ' ')
  const { properties = {} } = configJsonSchema() as Schema
  const ofModel = properties['models']?.additionalProperties?.properties ?? {}
  const ofServer = properties['server']?.properties ?? {}
  const rows = Object.entries({ ...ofModel, ...ofServer, ...properties }).map(([field, schema]) => {
    const value = typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default)
    return `| \`${field}\` | ${value === undefined ? '' : `\`${value}\` `}| ${schema.description} |`
  })
  expect(rows.length).toBeGreaterThan(35)
  expect(rows.filter((row) => !text.includes(row))).toEqual([])
})

test('docs/http.md has every figure of the server', () => {
  const text = readFileSync(join(docs, 'http.md'), 'utf8')
  const source = readFileSync(join(docs, '..', 'src', 'http', 'http-metrics.ts'), 'utf8')
  const names = [...source.matchAll(/'(leasehold_\w+)'/g)].map(([, name = '']) => name)
  expect(names).toHaveLength(3)
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})
