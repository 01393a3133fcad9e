import * as z from 'zod'
import { dotted, type FieldPath } from './problems.ts'
import { configSchema } from './schema.ts'
import type { ConfigSource } from './source.ts'

/** An environment variable and the field that it sets. */
export interface EnvironmentField {
  variable: string
  path: FieldPath
  types: readonly string[]
}

/**
 * Every single value of the runtime and of the server can be set by a variable: `LEASEHOLD_` and the field's name in
 * capitals, so `LEASEHOLD_ACCESS_TIMEOUT_MS` or `LEASEHOLD_PORT`. Lists are separated by commas. What has structure
 * (models, slots, tenants, aliases) needs a file.
 */
export function environmentFields(): EnvironmentField[] {
  const { properties = {} } = z.toJSONSchema(configSchema, { io: 'input' })
  const { server } = properties
  const ofServer = typeof server === 'object' ? (server.properties ?? {}) : {}
  return [...fieldsOf(properties, []), ...fieldsOf(ofServer, ['server'])]
}

function fieldsOf(
  properties: Record<string, z.core.JSONSchema._JSONSchema>,
  parent: FieldPath,
): EnvironmentField[] {
  return Object.entries(properties).flatMap(([field, schema]) => {
    const types = typesOf(schema)
    if (types.length === 0 || types.includes('object')) return []
    return [{ variable: variableOf(field), path: [...parent, field], types }]
  })
}

function typesOf(schema: z.core.JSONSchema._JSONSchema): string[] {
  if (typeof schema !== 'object') return []
  return [schema.type ?? (schema.anyOf ?? []).flatMap(typesOf)].flat()
}

/** `accessTimeoutMs` → `LEASEHOLD_ACCESS_TIMEOUT_MS`; one key is the usual case, so the list of keys is in the singular. */
function variableOf(field: string): string {
  const name = field === 'apiKeys' ? 'apiKey' : field
  return `LEASEHOLD_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** An empty variable counts as absent. Variables of other names are nobody's business. */
export function readEnvironment(environment: NodeJS.ProcessEnv): ConfigSource {
  const values: Record<string, unknown> = {}
  const variables = new Map<string, string>()
  for (const { variable, path, types } of environmentFields()) {
    const text = environment[variable]?.trim()
    if (text === undefined || text === '') continue
    variables.set(dotted(path), variable)
    set(values, path, toValue(text, types))
  }
  return {
    values,
    nameOf: (path) =>
      variables.get(dotted(path.slice(0, 2))) ?? variables.get(dotted(path.slice(0, 1))) ?? dotted(path),
  }
}

/** What is no value of the type stays a text, so that the check can say what was wrong with it. */
function toValue(text: string, types: readonly string[]): unknown {
  const number = Number(text)
  if ((types.includes('number') || types.includes('integer')) && !Number.isNaN(number)) return number
  if (types.includes('array')) return text.split(',').map((part) => part.trim())
  if (types.includes('boolean')) return BOOLEANS.get(text.toLowerCase()) ?? text
  return text
}

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
])

/** Sets a field of the top or of a mapping there. */
function set(values: Record<string, unknown>, path: FieldPath, value: unknown): void {
  const [first, second] = path.map(String) as [string, string?]
  if (second === undefined) values[first] = value
  else values[first] = { ...(values[first] as object | undefined), [second]: value }
}
