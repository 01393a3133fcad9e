import { ResolutionError } from '../kernel/errors.ts'
import { nearest } from '../kernel/nearest.ts'

interface Registration<Factory> {
  /** As it was registered; looked up without regard to case. */
  readonly name: string
  readonly factory: Factory
}

/**
 * Factories by name. Names differ by more than case. A build takes its factory in one step and runs on its own: what is
 * registered, replaced or built meanwhile does not touch it, and it delays nobody.
 *
 * ```ts
 * const loaders = new Registry<ModelFactory>('model loader')
 * loaders.register('onnx', loadOnnx)
 * const model = await loaders.build('ONNX', { key, source, signal, onProgress })
 * ```
 */
export class Registry<Factory extends (config: never) => unknown> {
  readonly #kind: string
  readonly #registrations = new Map<string, Registration<Factory>>()

  /** @param kind What messages call the things that are registered. */
  constructor(kind = 'factory') {
    this.#kind = kind
  }

  /** A name that is registered already gets the new factory from now on. Throws a `RangeError` for an empty name. */
  register(name: string, factory: Factory): void {
    if (name === '') throw new RangeError(`Registering a ${this.#kind} takes a name, got an empty one.`)
    this.#registrations.set(name.toLowerCase(), { name, factory })
  }

  /** Answers whether the name was registered. */
  unregister(name: string): boolean {
    return this.#registrations.delete(name.toLowerCase())
  }

  has(name: string): boolean {
    return this.#registrations.has(name.toLowerCase())
  }

  /** As they were registered, in that order. */
  names(): string[] {
    return Array.from(this.#registrations.values(), ({ name }) => name)
  }

  /**
   * Calls the factory of that name and answers with what it answers. Throws `ResolutionError` for an unknown name, saying
   * which there are; what the factory throws is passed on.
   */
  build(name: string, config: Parameters<Factory>[0]): ReturnType<Factory> {
    const registration = this.#registrations.get(name.toLowerCase())
    if (registration === undefined) throw this.#unknown(name)
    return (registration.factory as (config: Parameters<Factory>[0]) => ReturnType<Factory>)(config)
  }

  #unknown(name: string): ResolutionError {
    const names = this.names()
    const guess = nearest(name, names)
    return new ResolutionError(
      `There is no ${this.#kind} named "${name}".` +
        (guess === undefined ? '' : ` Did you mean "${guess}"?`) +
        (names.length === 0 ? ' None is registered.' : ` Registered: ${names.join(', ')}.`),
    )
  }
}
