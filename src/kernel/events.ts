/**
 * A typed list of listeners. A listener that throws does not keep the others from being called, nor does it reach the
 * one who emits: its error goes to `onError`.
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Disposing the result removes the listener. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Disposable {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return { [Symbol.dispose]: () => void listeners.delete(listener) }
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        ;(listener as (event: Events[Name]) => void)(event)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
