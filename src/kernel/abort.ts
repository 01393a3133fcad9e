import { addAbortListener } from 'node:events'

type Listener = (reason: unknown) => void

const NOTHING: Disposable = { [Symbol.dispose]: () => {} }

/**
 * All listeners of one signal, behind one listener of the signal's own: an EventTarget walks over all it has to add or to
 * remove one, and warns of a leak at the eleventh, which a shutdown signal that a thousand waits share would be.
 */
class Listeners {
  readonly #signal: AbortSignal
  readonly #entries = new Set<{ listener: Listener }>()
  #own: Disposable | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(listener: Listener): Disposable {
    // An entry of its own: the same function may listen twice.
    const entry = { listener }
    this.#entries.add(entry)
    this.#own ??= addAbortListener(this.#signal, () => this.#call())
    return {
      [Symbol.dispose]: () => {
        this.#entries.delete(entry)
        if (this.#entries.size > 0) return
        this.#own?.[Symbol.dispose]()
        this.#own = undefined
      },
    }
  }

  #call(): void {
    this.#own = undefined
    for (const entry of this.#entries) {
      this.#entries.delete(entry)
      try {
        entry.listener(this.#signal.reason)
      } catch (error) {
        // As an EventTarget does it: the others are called all the same.
        process.nextTick(() => {
          throw error
        })
      }
    }
  }
}

const listenersOf = new WeakMap<AbortSignal, Listeners>()

/**
 * Calls `listener` when `signal` aborts, or in the next microtask if it has. Disposing the result removes the listener,
 * which every waiter must do when it is served: a signal that lives long would otherwise collect the listeners of all its
 * waits. (`AbortSignal.any` has that fault on Node 20: over 1 kB stays behind per call.)
 */
export function onAbort(signal: AbortSignal | undefined, listener: Listener): Disposable {
  if (signal === undefined) return NOTHING
  let listeners = listenersOf.get(signal)
  if (listeners === undefined) listenersOf.set(signal, (listeners = new Listeners(signal)))
  return listeners.add(listener)
}
