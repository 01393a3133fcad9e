import { inspect } from 'node:util'
import { InvalidInputError, SessionConflictError } from '../kernel/errors.ts'
import type { Draft } from './draft.ts'
import type { Operation } from './types.ts'
import { isPlain, isSame, seal, setOwn } from './value.ts'

/** Carries an operation out on a draft and answers with the new value of the key. */
export function applyOperation(draft: Draft, key: string, operation: Operation): unknown {
  const current = Object.hasOwn(draft.fields, key) ? draft.fields[key] : undefined
  const values = {}
  setOwn(values, key, nextValue(current, key, operation))
  draft.merge(values)
  return draft.fields[key]
}

function nextValue(current: unknown, key: string, operation: Operation): unknown {
  if ('inc' in operation) {
    if (typeof current !== 'number' && current !== undefined) throw mismatch('inc', 'a number', key)
    const sum = (current ?? 0) + operation.inc
    if (!Number.isFinite(sum)) throw new InvalidInputError(`The sum at "${key}" is ${sum}.`, { field: key })
    return sum
  }
  if ('push' in operation) {
    if (!Array.isArray(current) && current !== undefined) throw mismatch('push', 'an array', key)
    return [...((current ?? []) as unknown[]), operation.push]
  }
  if ('merge' in operation) {
    const isObject = typeof current === 'object' && current !== null && !Array.isArray(current)
    if (!isObject && current !== undefined) throw mismatch('merge', 'an object', key)
    return { ...current, ...operation.merge }
  }
  const [expected, next] = operation.cas
  if (!isSame(current, expected))
    throw new SessionConflictError(`The value at "${key}" is not the expected one; it was left as it is.`, {
      field: key,
    })
  return next
}

function checkStep(step: unknown): number {
  if (typeof step === 'number' && Number.isFinite(step)) return step
  throw new InvalidInputError(`inc takes a finite number, got ${String(step)}.`, { field: 'inc' })
}

function mismatch(operation: string, wanted: string, key: string): InvalidInputError {
  return new InvalidInputError(`${operation} needs ${wanted} at "${key}", which holds something else.`, {
    field: key,
  })
}

/**
 * The operation with values of its own: what the caller does to his afterwards is not part of it. Throws `InvalidInputError` for
 * what is no operation.
 */
export function sealOperation(key: string, operation: Operation, maxValueChars: number): Operation {
  const [kind, ...more] = isPlain(operation) ? Object.keys(operation) : []
  if (more.length === 0) {
    if (kind === 'inc' && 'inc' in operation) return { inc: checkStep(operation.inc) }
    if (kind === 'push' && 'push' in operation) return { push: seal(operation.push, key, maxValueChars) }
    if (kind === 'merge' && 'merge' in operation && isPlain(operation.merge))
      return { merge: seal(operation.merge, key, maxValueChars) as Record<string, unknown> }
    if (kind === 'cas' && 'cas' in operation && Array.isArray(operation.cas) && operation.cas.length === 2) {
      const [expected, next] = operation.cas
      const sealedExpected = expected === undefined ? undefined : seal(expected, key, maxValueChars)
      return { cas: [sealedExpected, seal(next, key, maxValueChars)] }
    }
  }
  throw new InvalidInputError(
    'An operation is one of { inc: number }, { push: value }, { merge: object } and { cas: [expected, next] }, ' +
      `got ${inspect(operation, { depth: 1, breakLength: Infinity })}.`,
    { field: key },
  )
}
