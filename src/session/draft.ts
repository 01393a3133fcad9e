import { InvalidInputError } from '../kernel/errors.ts'
import type { Fields } from './backend.ts'
import type { SessionLimits } from './limits.ts'
import { checkKey } from './names.ts'
import { describe, isPlain, seal, setOwn } from './value.ts'

/** Stands for the absence of a key in what an update returns: `atomicUpdate(() => ({ cart: REMOVE }))`. */
export const REMOVE: unique symbol = Symbol('leasehold.session.remove')

export const NO_FIELDS: Fields = Object.freeze({})
const NO_KEYS: readonly string[] = Object.freeze([])

/** Values that are checked, copied and frozen, and keys to remove. */
export interface SealedUpdate {
  readonly set: Fields
  readonly remove: readonly string[]
}

/** Throws `InvalidInputError` for what a session cannot hold. */
export function sealUpdate(values: unknown, maxValueChars: number): SealedUpdate {
  if (!isPlain(values))
    throw new InvalidInputError(`A session takes its keys from a plain object, got ${describe(values)}.`)
  let set: Record<string, unknown> | undefined
  let remove: string[] | undefined
  for (const key of Object.keys(values)) {
    const value = values[checkKey(key)]
    if (value === REMOVE) (remove ??= []).push(key)
    else setOwn((set ??= {}), key, seal(value, key, maxValueChars))
  }
  return { set: set ?? NO_FIELDS, remove: remove ?? NO_KEYS }
}

/** What came of a draft up to a moment; `rollBack` returns to it. */
export interface DraftMark extends SealedUpdate {
  readonly fields: Fields
}

/**
 * A session as it will be: the fields of a record, and the changes on top of it. Each state is a frozen object of its own,
 * so what was handed out stays what it was.
 */
export class Draft {
  /** Of the session. */
  readonly id: string
  readonly #limits: SessionLimits
  #fields: Fields
  #set: Fields = NO_FIELDS
  #remove: readonly string[] = NO_KEYS

  constructor(id: string, base: Fields, limits: SessionLimits) {
    this.id = id
    this.#fields = base
    this.#limits = limits
  }

  get fields(): Fields {
    return this.#fields
  }

  /** Keys that differ from the base, with their values. */
  get set(): Fields {
    return this.#set
  }

  /** Keys that the base may have and that are to go. */
  get remove(): readonly string[] {
    return this.#remove
  }

  get isChanged(): boolean {
    return this.#set !== NO_FIELDS || this.#remove !== NO_KEYS
  }

  mark(): DraftMark {
    return { fields: this.#fields, set: this.#set, remove: this.#remove }
  }

  rollBack(mark: DraftMark): void {
    this.#fields = mark.fields
    this.#set = mark.set
    this.#remove = mark.remove
  }

  /** The changes are committed; from here on they are the base. */
  rebase(fields: Fields): void {
    this.rollBack({ fields, set: NO_FIELDS, remove: NO_KEYS })
  }

  /** Takes over values, and drops the keys whose value is `REMOVE`. All of them or, with an error, none. */
  merge(values: unknown): void {
    this.mergeSealed(sealUpdate(values, this.#limits.maxValueChars))
  }

  mergeSealed({ set, remove }: SealedUpdate): void {
    if (set !== NO_FIELDS) this.#put(set)
    if (remove.length > 0) this.drop(remove)
  }

  /** Answers whether one of the keys was there. */
  drop(keys: readonly string[]): boolean {
    const present = keys.filter((key) => Object.hasOwn(this.#fields, key))
    if (present.length === 0) return false
    this.#fields = without(this.#fields, present)
    this.#set = without(this.#set, present)
    this.#remove = [...this.#remove, ...present]
    return true
  }

  #put(sealed: Fields): void {
    const before = this.#fields
    const fields = { ...before }
    let hasMore = false
    // A copy and assignments cost half of what one object literal with two spreads does.
    for (const key in sealed) {
      hasMore ||= !Object.hasOwn(before, key)
      setOwn(fields, key, sealed[key])
    }
    const { maxKeys } = this.#limits
    if (hasMore && Object.keys(fields).length > maxKeys)
      throw new InvalidInputError(
        `A session has at most ${maxKeys} keys. Remove some, open a second session, or raise maxKeys.`,
      )
    this.#fields = Object.freeze(fields)
    this.#set = this.#set === NO_FIELDS ? sealed : { ...this.#set, ...sealed }
    if (this.#remove !== NO_KEYS) this.#remove = this.#remove.filter((key) => !Object.hasOwn(sealed, key))
  }
}

function without(fields: Fields, keys: readonly string[]): Fields {
  const kept: Record<string, unknown> = { ...fields }
  for (const key of keys) delete kept[key]
  return Object.freeze(kept)
}
