import type { Instances } from './instances.ts'
import type { PartSite } from './part-site.ts'
import type { Resolver } from './part.ts'
import type { Provided, Token } from './token.ts'

/** One request: its own instances of the parts that live per request. Made by `container.beginRequest()`. */
export class RequestScope implements Resolver, AsyncDisposable {
  readonly #site: PartSite
  readonly #instances: Instances
  readonly #onEnded: (scope: RequestScope) => void
  #ending: Promise<void> | undefined

  constructor(site: PartSite, instances: Instances, onEnded: (scope: RequestScope) => void) {
    this.#site = site
    this.#instances = instances
    this.#onEnded = onEnded
  }

  get hasEnded(): boolean {
    return this.#ending !== undefined
  }

  /** As `Container.resolve`. */
  resolve<T>(token: Token<T>, overrides?: readonly Provided[]): T {
    return this.#site.resolve(token, overrides)
  }

  /**
   * Nothing can be resolved any more. Factories under way come to their end, then the request's instances are ended, the
   * last one first. Rejects with the failure, or with an `AggregateError` of several. Idempotent.
   */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end()
  }

  async #end(): Promise<void> {
    try {
      await this.#instances.close()
    } finally {
      this.#onEnded(this)
    }
  }
}
