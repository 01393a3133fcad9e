import { addAbortListener } from 'node:events'

const NOTHING: Disposable = { [Symbol.dispose]: () => {} }

/**
 * Calls `listener` when `signal` aborts, at once if it has. Disposing the result removes the listener, which every
 * waiter must do when it is served: a signal that lives long would otherwise collect the listeners of all its waits.
 * (`AbortSignal.any` has that fault on Node 20: over 1 kB stays behind per call.)
 */
export function onAbort(signal: AbortSignal | undefined, listener: (reason: unknown) => void): Disposable {
  if (signal === undefined) return NOTHING
  return addAbortListener(signal, () => listener(signal.reason))
}
