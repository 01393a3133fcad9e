import type { SessionEvent } from './backend.ts'

export type SessionListener = (event: SessionEvent) => void

/** Listeners by session. One that throws disturbs neither the others nor the writer; its error is thrown on its own. */
export class Watchers {
  readonly #byId = new Map<string, Set<SessionListener>>()

  get ids(): IterableIterator<string> {
    return this.#byId.keys()
  }

  get size(): number {
    return this.#byId.size
  }

  has(id: string): boolean {
    return this.#byId.has(id)
  }

  /** @param onLast Called when the last listener of the session has gone. */
  add(id: string, listener: SessionListener, onLast?: () => void): Disposable {
    const listeners = this.#byId.get(id) ?? new Set()
    this.#byId.set(id, listeners)
    // A function of its own: the same listener may be added twice.
    const entry: SessionListener = (event) => listener(event)
    listeners.add(entry)
    return {
      [Symbol.dispose]: () => {
        if (!listeners.delete(entry) || listeners.size > 0) return
        this.#byId.delete(id)
        onLast?.()
      },
    }
  }

  emit(event: SessionEvent): void {
    const listeners = this.#byId.get(event.id)
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
