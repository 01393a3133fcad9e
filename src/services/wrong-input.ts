import { InvalidInputError } from '../kernel/errors.ts'

/** The message never repeats a text of the user: what came is named by `kindOf`. */
export function wrong(field: string, must: string): InvalidInputError {
  return new InvalidInputError(`${field} ${must}.`, { field })
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === '') return 'an empty text'
  return Array.isArray(value) ? 'an array' : typeof value
}
