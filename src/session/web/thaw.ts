import { setOwn } from '../value.ts'

/** A copy of a stored value that may be changed: what applications expect of a framework's session. */
export function thaw(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(thaw)
  const copy = {}
  for (const [key, item] of Object.entries(value)) setOwn(copy, key, thaw(item))
  return copy
}
