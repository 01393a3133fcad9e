import type { MaybePromise } from './backend.ts'

/** `then`, which stays synchronous where the value is there already. */
export function map<T, R>(value: MaybePromise<T>, fn: (value: T) => R): MaybePromise<R> {
  return value instanceof Promise ? value.then(fn) : fn(value)
}
