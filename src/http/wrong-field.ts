import { InvalidInputError } from '../kernel/errors.ts'

/** The message never repeats a text of the user: what came is named by its kind. */
export function wrong(field: string, must: string, came?: unknown): InvalidInputError {
  const kind = came === undefined ? '' : `, not ${kindOf(came)}`
  return new InvalidInputError(`"${field}" ${must}${kind}.`, { field })
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? 'this text' : 'an object'
}
