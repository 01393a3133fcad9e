import type { SessionValues, Tx, Update } from './types.ts'

/** What the function of an asynchronous update answered becomes part of its section. */
export function mergeUpdate<S extends SessionValues>(tx: Tx<S>, update: Update<S> | void): void {
  if (update !== undefined) tx.merge(update)
}

/** Throws a `TypeError` for what is no set of keys, and above all for a promise. */
export function checkUpdate(values: unknown): asserts values is object {
  if (typeof values === 'object' && values !== null) {
    if (!('then' in values && typeof values.then === 'function')) return
    // Its outcome belongs to nobody: a failure of it must not end the process.
    Promise.resolve(values).catch(() => undefined)
    throw new TypeError(
      'The function of atomicUpdate returned a promise. What it awaits could change the session meanwhile: use atomicUpdateAsync.',
    )
  }
  throw new TypeError(
    `The function of atomicUpdate returns the keys to change or nothing, got ${String(values)}.`,
  )
}
