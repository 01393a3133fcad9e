import type { FactoryPart, Resolver } from './part.ts'
import type { Provided, Token } from './token.ts'

/** Where a factory's other parts come from: a container, or a request scope of it. */
export interface Site {
  resolveFor(token: Token<unknown>, requester: Build | undefined): unknown
}

/** Keeps what was built. */
export interface Keeper {
  /** The instance is there; of an asynchronous factory, what its promise resolved with. */
  built(build: Build, instance: unknown): void
  failed(build: Build): void
}

/**
 * One run of a factory and what came of it. It is the resolver that the factory is given, so it knows on whose behalf it
 * is asked. Builds that are under way form a graph of who waits for whom; one that would have to wait for a build that
 * waits for it is a cycle, also across awaits and where two asynchronous factories were started apart.
 */
export class Build implements Resolver {
  readonly part: FactoryPart
  readonly overrides: readonly Provided[] | undefined
  readonly #site: Site
  #requester: Build | undefined
  /** Builds that asked while this one was under way, beside the one that asked first. */
  #joiners: Build[] | undefined
  #state: 'running' | 'pending' | 'ended' = 'running'
  #value: unknown

  constructor(part: FactoryPart, site: Site, requester?: Build, overrides?: readonly Provided[]) {
    this.part = part
    this.overrides = overrides
    this.#site = site
    this.#requester = requester
  }

  /** Whose factory asked for this build. */
  get requester(): Build | undefined {
    return this.#requester
  }

  /** `running` until the factory has returned, `pending` until its promise has settled. */
  get state(): 'running' | 'pending' | 'ended' {
    return this.#state
  }

  /** What the factory returned: the instance, or the promise for it. */
  get value(): unknown {
    return this.#value
  }

  resolve<T>(token: Token<T>): T {
    const override = this.overrides?.find((provided) => provided.token === token)
    if (override !== undefined) return override.value as T
    return this.#site.resolveFor(token, this) as T
  }

  /** Calls the factory and answers with what it returned. What it throws is passed on. */
  run(factory: (resolver: Resolver) => unknown, keeper?: Keeper): unknown {
    try {
      this.#value = factory(this)
    } catch (error) {
      this.#fail(keeper)
      throw error
    }
    if (this.#value instanceof Promise) {
      this.#state = 'pending'
      this.#value.then(
        (instance) => this.#succeed(instance, keeper),
        () => this.#fail(keeper),
      )
    } else this.#succeed(this.#value, keeper)
    return this.#value
  }

  /** Takes an instance that was made elsewhere. */
  fill(value: unknown): this {
    this.#value = value
    this.#state = 'ended'
    return this
  }

  /** The factory of `joiner` gets this build's promise and may wait for it. */
  join(joiner: Build): void {
    this.#joiners ??= []
    this.#joiners.push(joiner)
  }

  /** The builds from `other` down to this one, if `other` waits for it, directly or not. */
  pathFrom(other: Build, seen: Set<Build> = new Set()): Build[] | undefined {
    if (this === other) return [this]
    seen.add(this)
    for (const waiting of [this.#requester, ...(this.#joiners ?? [])]) {
      if (waiting === undefined || seen.has(waiting)) continue
      const path = waiting.pathFrom(other, seen)
      if (path !== undefined) return [...path, this]
    }
    return undefined
  }

  #succeed(instance: unknown, keeper: Keeper | undefined): void {
    this.#end(keeper)
    keeper?.built(this, instance)
  }

  #fail(keeper: Keeper | undefined): void {
    this.#end(keeper)
    keeper?.failed(this)
  }

  #end(keeper: Keeper | undefined): void {
    this.#state = 'ended'
    this.#joiners = undefined
    // What is kept may outlive who asked for it, a request for instance, and must not keep that.
    if (keeper !== undefined) this.#requester = undefined
  }
}
