import { dotted, type FieldNamer, type FieldPath } from './problems.ts'

/** One place that a configuration comes from. */
export interface ConfigSource {
  /** A part of a `Config`; may hold anything until it was checked. */
  values: Record<string, unknown>
  /** How a field of it was written there: `--port`, `LEASEHOLD_PORT`, `server.port (leasehold.yaml:3)`. */
  nameOf: FieldNamer
}

/** Sources put on top of each other, the first one highest. Mappings are merged, everything else is replaced. */
export function mergeSources(sources: readonly ConfigSource[]): ConfigSource {
  const values = sources.reduceRight<Record<string, unknown>>(
    (below, { values: above }) => merge(below, above),
    {},
  )
  return {
    values,
    nameOf: (path) => (sources.find((source) => has(source.values, path))?.nameOf ?? dotted)(path),
  }
}

function merge(below: Record<string, unknown>, above: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...below }
  for (const [key, value] of Object.entries(above)) {
    const old = merged[key]
    if (value === undefined) continue
    merged[key] = isMapping(old) && isMapping(value) ? merge(old, value) : value
  }
  return merged
}

function has(values: unknown, path: FieldPath): boolean {
  let value = values
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false
    value = (value as Record<PropertyKey, unknown>)[key]
  }
  return value !== undefined
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
