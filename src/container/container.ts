import { AsyncLocalStorage } from 'node:async_hooks'
import { AsyncStack } from '../kernel/async-stack.ts'
import { ResolutionError } from '../kernel/errors.ts'
import { Catalogue } from './catalogue.ts'
import { Instances } from './instances.ts'
import { PartSite } from './part-site.ts'
import type { Factory, Lifetime, PartOptions, Resolver } from './part.ts'
import { RequestScope } from './request-scope.ts'
import type { Provided, Token } from './token.ts'

/**
 * Builds the parts of a program from factories, and ends them. A part is asked for by its token, so its type is known:
 *
 * ```ts
 * const DATABASE = new Token<Database>('database')
 * const CART = new Token<Cart>('cart')
 *
 * await using container = new Container()
 * container.addSingleton(DATABASE, () => new Database(url))
 * container.addPerRequest(CART, (resolver) => new Cart(resolver.resolve(DATABASE)))
 *
 * await container.runInRequest((request) => request.resolve(CART).checkOut())
 * ```
 */
export class Container implements Resolver, AsyncDisposable {
  readonly #catalogue: Catalogue
  readonly #singletons = new Instances()
  readonly #site: PartSite
  /** How to end child containers and open requests, which go before this container's own instances. */
  readonly #children = new Map<object, () => Promise<void>>()
  readonly #parent: Container | undefined
  /** Made by the first `runInRequest`: from its first use on it slows every await of the process on Node 20. */
  #ambient: AsyncLocalStorage<RequestScope> | undefined
  #closing: Promise<void> | undefined

  /** @param parent What is not registered here is looked up there; see `createChild()`. */
  constructor(parent?: Container) {
    this.#parent = parent
    this.#catalogue = new Catalogue(parent && parent.#catalogue)
    this.#site = new PartSite(this.#catalogue, this.#singletons)
    if (parent !== undefined) parent.#adopt(this, () => this.close())
  }

  /** One instance for all, built when it is first asked for. It cannot depend on a part of a request. */
  addSingleton<T>(token: Token<T>, factory: Factory<T>, options: PartOptions<T> = {}): this {
    return this.#add('singleton', token, factory, options)
  }

  /** A new instance for everyone who asks. It belongs to them: the container does not end it. */
  addTransient<T>(token: Token<T>, factory: Factory<T>): this {
    return this.#add('transient', token, factory, {})
  }

  /** One instance for each request. Without a factory, one that `beginRequest` or `runInRequest` is given. */
  addPerRequest<T>(token: Token<T>, factory?: Factory<T>, options: PartOptions<T> = {}): this {
    return this.#add('request', token, factory, options)
  }

  /** An instance that exists already. It belongs to whoever made it: the container does not end it. */
  addValue<T>(token: Token<T>, value: T): this {
    this.#catalogue.add({ lifetime: 'value', token, value })
    return this
  }

  /**
   * The instance for that token; see `Resolver`. Inside `runInRequest` that includes the parts of the request.
   *
   * With `overrides` the instance is built anew, nobody keeps it, and it belongs to the caller. Its factory gets the values
   * in the place of the parts that they are for, and so do the transient parts below it, which are its own; parts that are
   * shared are those that everybody has.
   */
  resolve<T>(token: Token<T>, overrides?: readonly Provided[]): T {
    const request = this.#ambient?.getStore()
    return (request ?? this.#site).resolve(token, overrides)
  }

  /** Begins a request, which its caller ends. `given` are its instances of parts that are registered per request. */
  beginRequest(given: readonly Provided[] = []): RequestScope {
    this.#checkOpen()
    const instances = new Instances()
    const site = new PartSite(this.#catalogue, this.#singletons, { instances, container: this.#site })
    for (const { token, value } of given) {
      const part = this.#catalogue.find(token)
      if (part?.lifetime !== 'request')
        throw new ResolutionError(
          `"${token.name}" cannot be given to a request: it is not registered with addPerRequest().`,
        )
      instances.give(part, site, value)
    }
    const request = new RequestScope(site, instances, () => this.#children.delete(request))
    this.#adopt(request, () => request.end())
    return request
  }

  /**
   * Begins a request, calls `fn`, and ends the request whatever happens. In what `fn` calls, across awaits and timers,
   * `resolve()` of this container knows the request too; what `fn` leaves running loses it when the request ends.
   */
  async runInRequest<R>(
    fn: (request: RequestScope) => R | Promise<R>,
    given?: readonly Provided[],
  ): Promise<R> {
    const request = this.beginRequest(given)
    this.#ambient ??= new AsyncLocalStorage()
    let result: R
    try {
      result = await this.#ambient.run(request, fn, request)
    } catch (error) {
      await request.end().catch((endError: unknown) => {
        throw new AggregateError([error, endError], 'A request failed, and so did its end.', { cause: error })
      })
      throw error
    }
    await request.end()
    return result
  }

  /**
   * A container that knows all that this one knows, and can replace any of it; for tests, above all. It builds instances of
   * its own, singletons included, so nothing that is replaced in it is seen from here. Closed with this one at the latest.
   */
  createChild(): Container {
    return new Container(this)
  }

  /**
   * Nothing can be resolved any more. Open requests and child containers are ended, factories under way come to their end,
   * then the singletons are ended, the last one first. Rejects with the failure, or with an `AggregateError` of several.
   * Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#singletons.shut()
    const stack = new AsyncStack()
    const parent = this.#parent
    if (parent !== undefined) stack.defer(() => parent.#children.delete(this))
    stack.defer(() => this.#singletons.close())
    for (const close of this.#children.values()) stack.defer(close)
    await stack.close()
  }

  #adopt(child: object, close: () => Promise<void>): void {
    this.#checkOpen()
    this.#children.set(child, close)
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new ResolutionError('The container is closed.')
  }

  #add<T>(
    lifetime: Lifetime,
    token: Token<T>,
    factory: Factory<T> | undefined,
    options: PartOptions<T>,
  ): this {
    this.#catalogue.add({ lifetime, token, factory, dispose: options.dispose })
    return this
  }
}
