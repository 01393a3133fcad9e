import type * as z from 'zod'
import { ConfigError } from '../kernel/errors.ts'
import { nearest } from '../kernel/nearest.ts'

/** A field inside the configuration: `['models', 'minilm', 'dtype']`. */
export type FieldPath = readonly PropertyKey[]

/** Something that is wrong with the configuration. */
export interface Problem {
  path: FieldPath
  /** What it must be; follows the name of the field. */
  message: string
}

/** How the field was written by the one who wrote it: `models.minilm.dtype`, `--port`, `LEASEHOLD_PORT`. */
export type FieldNamer = (path: FieldPath) => string

export const dotted: FieldNamer = (path) => path.map(String).join('.') || 'the configuration'

/** All problems in one error, so that they can be mended in one go. */
export function configError(problems: readonly Problem[], nameOf: FieldNamer = dotted): ConfigError {
  const lines = problems.map(({ path, message }) => `${nameOf(path)} ${message}`)
  const text =
    lines.length === 1
      ? `${lines[0]}.`
      : `${lines.length} faults:\n${lines.map((line) => `  ${line}`).join('\n')}`
  return new ConfigError(text, { field: dotted(problems[0]?.path ?? []) })
}

/** Checks `input` and says in words what is wrong with it. */
export function check<T>(
  schema: z.ZodType<T, T>,
  knownFields: () => readonly string[],
  input: unknown,
): T | Problem[] {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  return result.error.issues.flatMap((issue) => explain(issue, input, knownFields))
}

function explain(issue: z.core.$ZodIssue, input: unknown, knownFields: () => readonly string[]): Problem[] {
  const { path } = issue
  if (issue.code !== 'unrecognized_keys') return [{ path, message: requirement(issue, valueAt(input, path)) }]
  return issue.keys.map((key) => ({ path: [...path, key], message: unknownField(key, path, knownFields()) }))
}

function requirement(issue: z.core.$ZodIssue, value: unknown): string {
  const came = `, not ${show(value)}`
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined ? 'is missing' : `must be ${article(issue.expected)}${came}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}${came}`
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty'
      return `must be at least ${issue.minimum}${unit(issue.origin)}${came}`
    case 'too_big':
      return `must be at most ${issue.maximum}${unit(issue.origin)}${came}`
    case 'invalid_key':
      return 'is not a name: it must have 1 to 200 characters, none of them a control character'
    case 'invalid_union':
      return `must be a number or a text${came}`
    case 'unrecognized_keys':
    case 'invalid_element':
    case 'invalid_format':
    case 'not_multiple_of':
    case 'custom':
    default:
      return `${issue.message}${came}`
  }
}

function unknownField(key: string, path: FieldPath, knownFields: readonly string[]): string {
  const here = dotted([...path, key])
  const siblings = knownFields.filter(
    (field) => field.split('.').length === path.length + 1 && sharesParent(field, here),
  )
  const lastPart = (field: string): string => field.slice(field.lastIndexOf('.') + 1)
  const sibling = nearest(key, siblings.map(lastPart))
  if (sibling !== undefined) return `is unknown; did you mean ${dotted([...path, sibling])}?`
  const elsewhere = knownFields.find((field) => lastPart(field) === key)
  return elsewhere === undefined ? 'is unknown' : `is unknown here; did you mean ${elsewhere}?`
}

/** `models.<name>.dtype` and `models.minilm.dtyp` do. */
function sharesParent(pattern: string, field: string): boolean {
  const parts = field.split('.')
  return pattern
    .split('.')
    .slice(0, -1)
    .every((part, index) => part.startsWith('<') || part === parts[index])
}

/** Every field of a JSON Schema as a dotted pattern: `server.port`, `models.<name>.dtype`. */
export function fieldPatterns(
  schema: z.core.JSONSchema.BaseSchema,
  prefix: readonly string[] = [],
): string[] {
  const patterns = prefix.length > 0 ? [prefix.join('.')] : []
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    if (typeof value === 'object') patterns.push(...fieldPatterns(value, [...prefix, key]))
  }
  if (typeof schema.additionalProperties === 'object') {
    patterns.push(...fieldPatterns(schema.additionalProperties, [...prefix, '<name>']))
  }
  if (typeof schema.items === 'object' && !Array.isArray(schema.items)) {
    patterns.push(...fieldPatterns(schema.items, [...prefix, '<index>']))
  }
  return patterns
}

function valueAt(input: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    input,
  )
}

function show(value: unknown): string {
  if (typeof value === 'number') return String(value)
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

const ARTICLES: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of fields',
  record: 'a mapping of names',
}
const article = (expected: string): string => ARTICLES[expected] ?? expected

const unit = (origin: string): string =>
  origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : ''
