import { AsyncStack } from '../kernel/async-stack.ts'
import { Build, type Keeper, type Site } from './build.ts'
import type { Factory, FactoryPart } from './part.ts'
import type { Token } from './token.ts'

/** The instances that a container or a request shares: one for each token, built once, ended in reverse. */
export class Instances implements Keeper {
  readonly #builds = new Map<Token<unknown>, Build>()
  #pending: Set<Build> | undefined
  /** Made when there is the first instance to end: most requests have none. */
  #owned: AsyncStack | undefined
  #state: 'open' | 'closing' | 'closed' = 'open'

  /** `closing`: only factories that are under way still get what they ask for. */
  get state(): 'open' | 'closing' | 'closed' {
    return this.#state
  }

  get(token: Token<unknown>): Build | undefined {
    return this.#builds.get(token)
  }

  /** Keeps an instance that belongs to somebody else: it is not ended here. */
  give(part: FactoryPart, site: Site, value: unknown): void {
    this.#builds.set(part.token, new Build(part, site).fill(value))
  }

  build(part: FactoryPart, factory: Factory<unknown>, site: Site, requester: Build | undefined): unknown {
    const build = new Build(part, site, requester)
    this.#builds.set(part.token, build)
    const value = build.run(factory, this)
    if (build.state === 'pending') {
      this.#pending ??= new Set()
      this.#pending.add(build)
    }
    return value
  }

  built(build: Build, instance: unknown): void {
    this.#pending?.delete(build)
    const close = closerOf(build.part, instance)
    if (close === undefined) return
    this.#owned ??= new AsyncStack()
    this.#owned.defer(close)
  }

  failed(build: Build): void {
    this.#pending?.delete(build)
    this.#builds.delete(build.part.token)
  }

  /** The close has begun. */
  shut(): void {
    if (this.#state === 'open') this.#state = 'closing'
  }

  /**
   * Waits for what is being built, then ends all instances, the last one first. Every one is ended even if others fail;
   * rejects with the failure, or with an `AggregateError` of several.
   */
  async close(): Promise<void> {
    this.shut()
    while (this.#pending !== undefined && this.#pending.size > 0)
      await Promise.allSettled(Array.from(this.#pending, (build) => build.value))
    this.#state = 'closed'
    await this.#owned?.close()
  }
}

function closerOf(part: FactoryPart, instance: unknown): (() => unknown) | undefined {
  const { dispose } = part
  if (dispose !== undefined) return () => dispose(instance as never)
  if (typeof instance !== 'object' || instance === null) return undefined
  const disposable = instance as Partial<AsyncDisposable & Disposable>
  if (disposable[Symbol.asyncDispose]) return () => disposable[Symbol.asyncDispose]?.()
  if (disposable[Symbol.dispose]) return () => disposable[Symbol.dispose]?.()
  return undefined
}
