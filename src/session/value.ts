import { inspect } from 'node:util'
import { InvalidInputError } from '../kernel/errors.ts'
import { MAX_DEPTH } from './limits.ts'

/** What a session can hold: what JSON can say, and nothing that JSON would change without a word. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * A frozen copy of a value, for the writer and all readers alike. Throws `InvalidInputError`, naming the place, for what some
 * backend would drop or change: functions, symbols, `undefined`, `NaN` and infinities, bigints, instances of classes (`Date`
 * and `Map` too), holes in arrays, cycles; and for what has more than `maxChars` characters. -0 becomes 0.
 */
export function seal(value: unknown, key: string, maxChars: number): unknown {
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string' && value.length + 2 <= maxChars) return value
  return new Sealer(key, maxChars).seal(value)
}

class Sealer {
  readonly #maxChars: number
  /** The way to the value at hand, for messages. */
  readonly #path: (string | number)[]
  readonly #ancestors: object[] = []
  #chars = 0

  constructor(key: string, maxChars: number) {
    this.#maxChars = maxChars
    this.#path = [key]
  }

  seal(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        this.#count(value.length + 2)
        return value
      case 'number':
        if (!Number.isFinite(value)) throw this.#refusal(`${value}, which JSON cannot say`)
        this.#count(8)
        return value + 0
      case 'boolean':
        this.#count(5)
        return value
      case 'object':
        this.#count(4)
        return value === null ? null : this.#sealObject(value)
      default:
        throw this.#refusal(`${describe(value)}, which cannot be stored`)
    }
  }

  #sealObject(value: object): unknown {
    if (this.#ancestors.includes(value)) throw this.#refusal('a cycle')
    if (this.#ancestors.length >= MAX_DEPTH) throw this.#refusal(`more than ${MAX_DEPTH} levels`)
    this.#ancestors.push(value)
    const sealed = Array.isArray(value) ? this.#sealArray(value) : this.#sealFields(value)
    this.#ancestors.pop()
    return Object.freeze(sealed)
  }

  #sealArray(value: readonly unknown[]): unknown[] {
    if (Object.keys(value).length !== value.length)
      throw this.#refusal('an array with holes, or with keys of its own')
    this.#count(value.length)
    return value.map((item, index) => this.#sealAt(index, item))
  }

  #sealFields(value: object): object {
    if (!isPlain(value)) throw this.#refusal(`${describe(value)}; store its plain data`)
    if (Object.getOwnPropertySymbols(value).length > 0) throw this.#refusal('an object with symbols for keys')
    const sealed = {}
    for (const [key, item] of Object.entries(value)) {
      this.#count(key.length + 4)
      setOwn(sealed, key, this.#sealAt(key, item))
    }
    return sealed
  }

  #sealAt(key: string | number, item: unknown): unknown {
    this.#path.push(key)
    const sealed = this.seal(item)
    this.#path.pop()
    return sealed
  }

  #count(chars: number): void {
    this.#chars += chars
    if (this.#chars > this.#maxChars)
      throw new InvalidInputError(
        `The value of "${this.#path[0]}" is too large: more than ${this.#maxChars} characters as JSON.`,
        { field: String(this.#path[0]) },
      )
  }

  #refusal(what: string): InvalidInputError {
    const [key, ...rest] = this.#path
    const field = key + rest.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
    return new InvalidInputError(`A session holds what JSON can say; at ${field} there is ${what}.`, {
      field,
    })
  }
}

/** Whether two values that JSON can say are the same, whatever the order of their keys. Beyond JSON, the very same. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isSame(item, b[index]))
  if (Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key as keyof typeof a], b[key as keyof typeof b]))
  )
}

/** Freezes what came out of `JSON.parse`, all the way down. */
export function freezeParsed<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) freezeParsed(item)
    Object.freeze(value)
  }
  return value
}

/** Assignment, except that `__proto__` is a key like any other. */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  else (target as Record<string, unknown>)[key] = value
}

/** Whether it is an object that is nothing but its keys. Also of another realm, whose `Object.prototype` is not ours. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
}

/** For messages. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null)
    return `an instance of ${value.constructor?.name ?? 'a class'}`
  return typeof value === 'function' ? 'a function' : inspect(value)
}
