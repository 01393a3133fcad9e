import type { Model, ModelFactory } from '../../src/registry/model.ts'

/** How a call of the port fails: before it returns, by its promise, or by never answering. */
export type FaultKind = 'throws' | 'rejects' | 'hangs'

/**
 * Stands between the manager and an engine, counts the calls that go through, and makes the k-th of them fail. Calls are those
 * that are answered later: loading, embedding, closing, killing.
 */
export class FaultyPort {
  readonly #failing: number
  readonly #kind: FaultKind
  #calls = 0
  /** What failed; undefined when fewer calls were made. */
  failed: string | undefined

  constructor(failing: number, kind: FaultKind) {
    this.#failing = failing
    this.#kind = kind
  }

  wrap(factory: ModelFactory): ModelFactory {
    return (request) => this.#call('load', async () => this.#wrapModel(await factory(request)))
  }

  #wrapModel(model: Model): Model {
    return new Proxy(model, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        const bound = (value as (...parameters: unknown[]) => Promise<unknown>).bind(target)
        const isAnsweredLater = name === 'embed' || name === 'close' || name === 'kill'
        if (!isAnsweredLater) return bound
        return (...parameters: unknown[]) => this.#call(name, () => bound(...parameters))
      },
    })
  }

  #call<T>(name: string, pass: () => Promise<T>): Promise<T> {
    this.#calls++
    if (this.#calls !== this.#failing) return pass()
    this.failed = name
    if (this.#kind === 'hangs') return new Promise<T>(() => {})
    const error = new Error(`the port fails: ${name}`)
    if (this.#kind === 'throws') throw error
    return Promise.reject(error)
  }
}
