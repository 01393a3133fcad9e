import { DEFAULT_LIMITS } from '../../src/config/limits.ts'
import type { Effect } from '../../src/scheduler/effects.ts'
import type { AcquireEvent, Event, LeaseKind } from '../../src/scheduler/events.ts'
import type { SlotLimits } from '../../src/scheduler/limits.ts'
import { Scheduler } from '../../src/scheduler/scheduler.ts'
import type { Slot } from '../../src/scheduler/state.ts'
import type { ModelSpec } from '../../src/scheduler/variant.ts'
import { fail } from './fail.ts'

/** What a world is made of. Bytes are small numbers here: only their sums count. */
export interface WorldSetup {
  readonly models: readonly ModelInWorld[]
  readonly limits?: Partial<SlotLimits>
  readonly memoryBudgetBytes?: number
  readonly maxParallelLoads?: number
  readonly weights?: Readonly<Record<string, number>>
}

export interface ModelInWorld {
  readonly name: string
  /** @default a slot of its own */
  readonly slot?: string
  readonly bytes?: number
  /** How many candidates it has: the first is what is configured, the others are fallbacks. @default 1 */
  readonly candidates?: number
  readonly keepAliveMs?: number
  readonly group?: string
  readonly isPreloaded?: boolean
  readonly isPinned?: boolean
}

type InWorld = 'loading' | 'aborting' | 'open' | 'closing' | 'ended'

export interface Generation {
  readonly model: string
  readonly variant: string
  readonly bytes: number
  state: InWorld
  readonly runs: Set<number>
}

/** A specification with `count` candidates; a selector names one of them and is answered by no other. */
function specOf(model: string, version: number, count: number, bytes: number): ModelSpec {
  const variants = Array.from({ length: count }, (_, index) => {
    const id = `${model}.v${version}.${index}`
    return { id, label: id, estimateBytes: bytes }
  })
  return {
    candidates: (selector) =>
      selector === undefined ? variants : variants.slice(Number(selector)).slice(0, 1),
  }
}

/**
 * The scheduler with everything around it that it gives orders to, reduced to books: what is loading, open or closing, who
 * waits and who holds. Every effect is checked against the books, and the state after every event.
 */
export class World {
  readonly scheduler: Scheduler
  readonly setup: WorldSetup
  check: (world: World) => void
  nowMs: number = 0
  /** Waiting tickets, by number. */
  readonly waiting: Map<number, AcquireEvent | (Event & { type: 'swap' })> = new Map()
  readonly leases: Map<number, { readonly generation: number; readonly kind: LeaseKind }> = new Map()
  readonly generations: Map<number, Generation> = new Map()
  isClosed: boolean = false
  /** Effects of the last event. */
  last: readonly Effect[] = []
  /** The event that is being handled. What became due with it may come before it, and end what it is about. */
  #event: Event = { type: 'tick' }
  #limitsBefore = new Map<Slot, SlotLimits>()
  #nextTicket = 1
  #nextRun = 1
  #nextVersion = 2

  /** @param check Called after every event. */
  constructor(setup: WorldSetup, check: (world: World) => void) {
    this.setup = setup
    this.check = check
    const { memoryBudgetBytes = Infinity, maxParallelLoads = 2, weights = {} } = setup
    this.scheduler = new Scheduler({ memoryBudgetBytes, maxParallelLoads }, (tenant) => weights[tenant] ?? 1)
    for (const { name, slot = name, bytes = 1, candidates = 1, keepAliveMs = -1, ...rest } of setup.models) {
      this.scheduler.addModel(
        { name, keepAliveMs, spec: specOf(name, 1, candidates, bytes), ...rest },
        { name: slot, limits: { ...DEFAULT_LIMITS, ...setup.limits } },
      )
    }
  }

  acquire(model: string, kind: AcquireEvent['kind'], options: Partial<AcquireEvent> = {}): number {
    const ticket = this.#nextTicket++
    const event: AcquireEvent = { type: 'acquire', ticket, kind, model, ...options }
    this.waiting.set(ticket, event)
    this.handle(event)
    return ticket
  }

  swap(model: string): number {
    const ticket = this.#nextTicket++
    const { bytes = 1, candidates = 1 } = this.modelSetup(model)
    const event = {
      type: 'swap',
      ticket,
      model,
      spec: specOf(model, this.#nextVersion++, candidates, bytes),
    } as const
    this.waiting.set(ticket, event)
    this.handle(event)
    return ticket
  }

  abort(ticket: number): void {
    this.handle({ type: 'abort', ticket })
  }

  release(lease: number): void {
    this.handle({ type: 'release', lease })
  }

  loadOk(generation: number): void {
    const known = this.#generation(generation)
    known.state = 'open'
    this.handle({ type: 'load-ended', generation, memoryBytes: known.bytes })
  }

  loadFail(generation: number): void {
    this.#generation(generation).state = 'ended'
    this.handle({ type: 'load-failed', generation, error: new Error('it does not load') })
  }

  unloadEnded(generation: number): void {
    this.#generation(generation).state = 'ended'
    this.handle({ type: 'unload-ended', generation })
  }

  lost(generation: number): void {
    this.#generation(generation).runs.clear()
    this.handle({ type: 'lost', generation, error: new Error('it died') })
  }

  startRun(generation: number): void {
    const run = this.#nextRun++
    this.#generation(generation).runs.add(run)
    this.handle({ type: 'run-started', generation, run })
  }

  endRun(generation: number, run: number): void {
    this.#generation(generation).runs.delete(run)
    this.handle({ type: 'run-ended', generation, run })
  }

  /** Something answers that was written off, or that has ended before. */
  answerLate(generation: number, type: 'load-ended' | 'unload-ended' | 'load-failed' | 'lost'): void {
    const error = new Error('late')
    this.handle(type === 'load-ended' ? { type, generation, memoryBytes: 1 } : { type, generation, error })
  }

  /** Time goes on, and the scheduler is woken if it wants to be. */
  passTo(atMs: number): void {
    this.nowMs = Math.max(this.nowMs, atMs)
    this.handle({ type: 'tick' })
  }

  handle(event: Event): void {
    this.#event = event
    this.#limitsBefore = new Map(
      [...this.scheduler.state.slots.values()].map((slot) => [slot, { ...slot.limits }]),
    )
    this.last = this.scheduler.handle(this.nowMs, event)
    const granted = event.type === 'abort' ? this.last.find((it) => isGrantTo(it, event.ticket)) : undefined
    for (const effect of this.last) this.#apply(effect)
    if (event.type === 'abort') this.waiting.delete(event.ticket)
    if (event.type === 'release') this.leases.delete(event.lease)
    for (const [generation, known] of this.generations) {
      if (known.state === 'loading' && !this.#isCounted(generation)) fail('a load on its way was forgotten')
      // What the scheduler wrote off is no longer its affair; what comes from it later is given back.
      if (known.state !== 'ended' && !this.#isCounted(generation)) known.state = 'ended'
    }
    this.check(this)
    // Granted in the moment in which its caller left: it is given back.
    if (granted?.type === 'grant') this.release(granted.lease)
  }

  inState(...states: InWorld[]): number[] {
    return [...this.generations]
      .filter(([, { state }]) => states.includes(state))
      .map(([generation]) => generation)
  }

  modelSetup(name: string): ModelInWorld {
    const found = this.setup.models.find((model) => model.name === name)
    if (found === undefined) throw new Error(`no model ${name} in this world`)
    return found
  }

  leasesOf(generation: number, kind?: LeaseKind): number {
    let held = 0
    for (const [lease, it] of this.leases) {
      const isEnding = this.#event.type === 'release' && this.#event.lease === lease
      if (!isEnding && it.generation === generation && (kind ?? it.kind) === it.kind) held++
    }
    return held
  }

  #apply(effect: Effect): void {
    switch (effect.type) {
      case 'grant':
        return this.#granted(effect)
      case 'ready':
      case 'reject':
        if (!this.waiting.delete(effect.ticket)) fail(`ticket ${effect.ticket} ended twice (${effect.type})`)
        return
      case 'revoke':
        if (!this.leases.delete(effect.lease)) fail(`lease ${effect.lease} was revoked and not held`)
        return
      case 'start-load': {
        const { generation, variant, model } = effect
        for (const [other, { state, variant: otherVariant }] of this.generations) {
          const isInFlight = (state === 'loading' || state === 'aborting') && this.#isCounted(other)
          if (isInFlight && otherVariant === variant.id)
            fail(`a second load of ${variant.id} while one is in flight`)
        }
        if ([...this.generations.keys()].some((other) => other >= generation)) fail('generations do not grow')
        const { estimateBytes: bytes } = variant
        this.generations.set(generation, {
          model,
          variant: variant.id,
          bytes,
          state: 'loading',
          runs: new Set(),
        })
        return
      }
      case 'abort-load':
        // A load that ends in the very moment of its time limit is told to stop all the same.
        if (isEndOf(this.#event, effect.generation)) return
        if (this.#generation(effect.generation).state !== 'loading')
          fail('a load was aborted that is not on its way')
        this.#generation(effect.generation).state = 'aborting'
        return
      case 'dispose': {
        const generation = this.#generation(effect.generation)
        if (generation.state === 'ended') return
        if (generation.state !== 'open')
          fail(`generation ${effect.generation} was disposed in state ${generation.state}`)
        if (this.leasesOf(effect.generation) > 0) fail('a resident was disposed with a lease on it')
        if (generation.runs.size > 0) fail('a resident was disposed with a run in it')
        generation.state = 'closing'
        return
      }
      case 'kill':
        this.#generation(effect.generation).runs.clear()
        this.#generation(effect.generation).state = 'closing'
        return
      case 'closed':
        this.isClosed = true
        return
      default:
        return
    }
  }

  #granted({ ticket, lease, generation }: Effect & { type: 'grant' }): void {
    const event = this.waiting.get(ticket)
    const known = this.#generation(generation)
    if (event?.type !== 'acquire' || event.kind === 'load')
      return fail(`ticket ${ticket} was granted and does not wait`)
    if (known.state !== 'open') fail(`a lease on generation ${generation}, which is ${known.state}`)
    if (known.model !== event.model) fail(`${event.model} was asked for and ${known.model} was given`)
    this.waiting.delete(ticket)
    this.#checkOrder(ticket, event)
    this.leases.set(lease, { generation, kind: event.kind })
    const slot = this.scheduler.state.models.get(event.model)?.slot ?? fail('no slot')
    const held = this.leasesOf(generation, event.kind)
    const name = event.kind === 'lease' ? 'maxConcurrent' : 'maxConcurrentUses'
    // What became due with a `configure` was granted before it, under the limit that was in force then.
    const limit = Math.max(slot.limits[name], this.#limitsBefore.get(slot)?.[name] ?? 0)
    if (held > limit) fail(`${held} leases of kind ${event.kind} with a limit of ${limit}`)
  }

  /** First come, first served among those that want the same in the same way. */
  #checkOrder(ticket: number, event: AcquireEvent): void {
    for (const [other, it] of this.waiting) {
      if (it.type !== 'acquire' || other > ticket) continue
      const isAlike =
        it.model === event.model &&
        it.kind === event.kind &&
        it.selector === event.selector &&
        it.priority === event.priority &&
        it.tenant === event.tenant
      if (isAlike) fail(`ticket ${ticket} was granted before ${other}, which came first and wants the same`)
    }
  }

  /** Whether the scheduler still has it in its books: what it wrote off is no longer its affair. */
  #isCounted(generation: number): boolean {
    const { state } = this.scheduler
    if (state.residents.has(generation)) return true
    for (const slot of state.slots.values()) {
      const phase = slot.incoming?.phase
      if (slot.aborting.has(generation)) return true
      if (phase?.type === 'loading' && phase.generation === generation) return true
    }
    return false
  }

  #generation(generation: number): Generation {
    return this.generations.get(generation) ?? fail(`generation ${generation} is unknown`)
  }
}

function isEndOf(event: Event, generation: number): boolean {
  return (event.type === 'load-ended' || event.type === 'load-failed') && event.generation === generation
}

function isGrantTo(effect: Effect, ticket: number): boolean {
  return effect.type === 'grant' && effect.ticket === ticket
}
