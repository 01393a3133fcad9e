import { Build, type Site } from './build.ts'
import type { Catalogue } from './catalogue.ts'
import type { Instances } from './instances.ts'
import type { Factory, FactoryPart, Part } from './part.ts'
import { afterEnd, cycle, notGiven, outsideRequest, unknownToken } from './resolution-errors.ts'
import type { Provided, Token } from './token.ts'

/** A request, as the place of its parts. */
interface RequestPlace {
  readonly instances: Instances
  /** The container's own place, from which the factories of singletons resolve: they must not see a request. */
  readonly container: PartSite
}

/** A place to resolve from: a container, or one request in it. */
export class PartSite implements Site {
  readonly #catalogue: Catalogue
  readonly #singletons: Instances
  readonly #request: RequestPlace | undefined
  /** Those whose end is the end of this place. */
  readonly #own: Instances

  constructor(catalogue: Catalogue, singletons: Instances, request?: RequestPlace) {
    this.#catalogue = catalogue
    this.#singletons = singletons
    this.#request = request
    this.#own = request?.instances ?? singletons
  }

  resolveFor(token: Token<unknown>, requester: Build | undefined): unknown {
    if (this.#own.state !== 'open') this.#checkOpen(token, requester)
    const kept = this.#request?.instances.get(token) ?? this.#singletons.get(token)
    if (kept !== undefined) return kept.state === 'ended' ? kept.value : join(kept, requester)
    const part = this.#partOf(token, requester)
    if (part.lifetime === 'value') return part.value
    const factory = this.#factoryOf(part, requester)
    switch (part.lifetime) {
      case 'singleton':
        return this.#singletons.build(part, factory, this.#siteFor(part), requester)
      case 'request':
        return this.#own.build(part, factory, this, requester)
      case 'transient':
        checkNotInside(part, requester)
        return new Build(part, this, requester, requester?.overrides).run(factory)
    }
  }

  /** From outside. With `overrides`, which stand in for other parts, the instance is new and nobody keeps it. */
  resolve<T>(token: Token<T>, overrides?: readonly Provided[]): T {
    if (overrides === undefined || overrides.length === 0) return this.resolveFor(token, undefined) as T
    this.#checkOpen(token, undefined)
    const part = this.#partOf(token, undefined)
    if (part.lifetime === 'value') return part.value as T
    const factory = this.#factoryOf(part, undefined)
    return new Build(part, this.#siteFor(part), undefined, overrides).run(factory) as T
  }

  #siteFor(part: FactoryPart): PartSite {
    return part.lifetime === 'singleton' && this.#request !== undefined ? this.#request.container : this
  }

  #partOf(token: Token<unknown>, requester: Build | undefined): Part {
    const part = this.#catalogue.find(token)
    if (part === undefined) throw unknownToken(token, requester, this.#catalogue.names())
    return part
  }

  #factoryOf(part: FactoryPart, requester: Build | undefined): Factory<unknown> {
    if (part.lifetime === 'request' && this.#request === undefined)
      throw outsideRequest(part.token, requester)
    if (part.factory === undefined) throw notGiven(part.token, requester)
    return part.factory
  }

  /** While it is ending, factories that are under way still get what they need; nobody else does. */
  #checkOpen(token: Token<unknown>, requester: Build | undefined): void {
    const { state } = this.#own
    if (state === 'open' || (state === 'closing' && requester !== undefined)) return
    throw afterEnd(this.#request === undefined ? 'container' : 'request', token, requester)
  }
}

/** The promise of a build that is under way, unless waiting for it would be waiting for oneself. */
function join(build: Build, requester: Build | undefined): unknown {
  const circle = requester?.pathFrom(build)
  // A factory that is still running has no promise to share: whoever asks is called by it.
  if (circle !== undefined || build.state === 'running') throw cycle(build.part.token, circle ?? [build])
  if (requester !== undefined) build.join(requester)
  return build.value
}

function checkNotInside(part: FactoryPart, requester: Build | undefined): void {
  const circle: Build[] = []
  for (let build = requester; build !== undefined; build = build.requester) {
    circle.unshift(build)
    if (build.part === part && build.state !== 'ended') throw cycle(part.token, circle)
  }
}
