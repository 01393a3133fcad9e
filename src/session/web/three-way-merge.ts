import type { Fields } from '../backend.ts'
import { REMOVE } from '../draft.ts'
import { isSame, setOwn } from '../value.ts'

/**
 * What a save changes in a session that others have changed meanwhile: the keys in which `mine` differs from `base`, which was
 * loaded before. A key that both sides changed:
 *
 * - a counter gets the sum of both changes;
 * - of two objects, each key is merged in the same way;
 * - of two arrays that were only appended to, both ends are kept, theirs first;
 * - otherwise mine is put in the place of theirs, as the later one.
 *
 * @param isCounter Whether a top-level key is one.
 */
export function mergeThreeWay(
  base: Fields,
  mine: Fields,
  theirs: Fields,
  isCounter: (key: string) => boolean = () => false,
): Record<string, unknown> {
  const update = {}
  for (const key of Object.keys(mine)) {
    const was = own(base, key)
    const wanted = mine[key]
    if (isSame(was, wanted)) continue
    const found = own(theirs, key)
    setOwn(update, key, isCounter(key) ? sum(was, wanted, found) : mergeValues(was, wanted, found))
  }
  for (const key of Object.keys(base)) {
    // Removed here, and changed there: their change is newer than what was removed.
    if (!Object.hasOwn(mine, key) && isSame(base[key], own(theirs, key))) setOwn(update, key, REMOVE)
  }
  return update
}

function mergeValues(base: unknown, mine: unknown, theirs: unknown): unknown {
  if (isSame(base, theirs)) return mine
  if (isObject(mine) && isObject(theirs)) {
    const update = mergeThreeWay(isObject(base) ? base : {}, mine, theirs)
    const merged = { ...theirs }
    for (const [key, value] of Object.entries(update)) {
      if (value === REMOVE) delete merged[key]
      else setOwn(merged, key, value)
    }
    return merged
  }
  if (Array.isArray(base) && extendsArray(mine, base) && extendsArray(theirs, base))
    return [...theirs, ...mine.slice(base.length)]
  return mine
}

function sum(base: unknown, mine: unknown, theirs: unknown): unknown {
  const numbers = [base ?? 0, mine, theirs ?? 0]
  if (!numbers.every((number) => typeof number === 'number')) return mine
  const [was, wanted, found] = numbers as [number, number, number]
  return found + (wanted - was)
}

function extendsArray(value: unknown, base: readonly unknown[]): value is unknown[] {
  return Array.isArray(value) && base.every((item, index) => isSame(item, value[index]))
}

function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
