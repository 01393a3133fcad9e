import { types } from 'node:util'
import { MAX_DEPTH } from '../limits.ts'
import { setOwn } from '../value.ts'

/** What JSON would make of it and back, as any framework stores a session, in half the time. Throws as `JSON.stringify` does. */
export function plain(session: object): Record<string, unknown> {
  return copy(session, '', 0) as Record<string, unknown>
}

/** `undefined` is left out. */
function copy(value: unknown, key: string, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value + 0 : null
    case 'object':
      return value === null ? null : copyObject(value, key, depth)
    case 'bigint':
    case 'function':
      return throughJson(value)
    default:
      return undefined
  }
}

function copyObject(value: object, key: string, depth: number): unknown {
  // A cycle, most likely, of which JSON tells.
  if (depth > MAX_DEPTH) return throughJson(value)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const json: unknown = value.toJSON(key)
    return typeof json === 'object' && json !== null ? copyParts(json, depth) : copy(json, key, depth)
  }
  return copyParts(value, depth)
}

function copyParts(value: object, depth: number): unknown {
  if (Array.isArray(value)) return value.map((item, index) => copy(item, String(index), depth + 1) ?? null)
  if (types.isBoxedPrimitive(value)) return throughJson(value)
  const parts = {}
  for (const key of Object.keys(value)) {
    const part = copy((value as Record<string, unknown>)[key], key, depth + 1)
    if (part !== undefined) setOwn(parts, key, part)
  }
  return parts
}

function throughJson(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined
  return text === undefined ? undefined : JSON.parse(text)
}
