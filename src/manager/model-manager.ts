import type { ResolvedModelConfig, ResolvedRuntimeConfig } from '../config/resolve.ts'
import { systemClock, type Clock } from '../kernel/clock.ts'
import { InvalidInputError, ModelNotFoundError } from '../kernel/errors.ts'
import type { Emitter } from '../kernel/events.ts'
import { nearest } from '../kernel/nearest.ts'
import type { RuntimeEvents } from '../kernel/runtime-events.ts'
import type { ModelFactory } from '../registry/model.ts'
import type { LeaseKind, Pressure, TicketKind } from '../scheduler/events.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import type { Slot } from '../scheduler/state.ts'
import {
  checkAcquireOptions,
  checkNumber,
  checkSignal,
  kindOf,
  type AcquireOptions,
} from './acquire-options.ts'
import { checkDefinition, checkLimits, checkRuntimeLimits } from './configure.ts'
import { Driver } from './driver.ts'
import { explain, type Explanation } from './explain.ts'
import type { ManagedLease } from './lease.ts'
import { modelSpec, selectorOf, type ModelDefinition } from './model-spec.ts'
import { readinessOf, type Readiness } from './readiness.ts'
import { statusOf, type ModelStatus } from './status.ts'

export interface ModelManagerOptions {
  readonly config: ResolvedRuntimeConfig
  /** Who loads a model of this name. */
  readonly factoryOf: (model: string) => ModelFactory
  readonly events: Emitter<RuntimeEvents>
  /** Asked at each request. @default there is never any */
  readonly pressure?: (() => Pressure) | undefined
  /** @default the system's */
  readonly clock?: Clock | undefined
}

/** Every promise about models, by name: what `createRuntime()` builds its verbs on. */
export class ModelManager {
  readonly #config: ResolvedRuntimeConfig
  readonly #definitions = new Map<string, ModelDefinition>()
  readonly #clock: Clock
  readonly #scheduler: Scheduler
  readonly #driver: Driver
  readonly #pressure: () => Pressure

  constructor({ config, factoryOf, events, pressure, clock = systemClock }: ModelManagerOptions) {
    const { maxParallelLoads, memoryBudgetBytes, tenants } = config
    const weightOf = (tenant: string): number => tenants.get(tenant) ?? 1
    this.#config = config
    this.#clock = clock
    this.#pressure = pressure ?? (() => 'none')
    this.#scheduler = new Scheduler({ maxParallelLoads, memoryBudgetBytes }, weightOf)
    this.#driver = new Driver({ scheduler: this.#scheduler, clock, events, factoryOf })
    for (const [name, model] of config.models) this.#addModel(name, model)
  }

  /**
   * A lease, at once where that is possible and else a promise of one: a caller that need not wait pays for no promise.
   *
   * @throws ModelNotFoundError, and what `rejection-error.ts` lists
   */
  acquire(
    model: string,
    kind: LeaseKind,
    options: AcquireOptions = {},
  ): ManagedLease | Promise<ManagedLease> {
    return this.#request(model, kind, options) as ManagedLease | Promise<ManagedLease>
  }

  /** Loads without using; overrides a back-off. Settles when the model is there. */
  async load(model: string, options: AcquireOptions = {}): Promise<void> {
    await this.#request(model, 'load', options)
  }

  /**
   * Replaces what `model` stands for. Requests go on being answered, each from one version only. Settles when the new version
   * serves; when it cannot be loaded the old one stays, and this rejects.
   */
  async swap(model: string, change: Partial<ModelDefinition>, signal?: AbortSignal): Promise<void> {
    this.#check(model)
    checkSignal(signal)
    signal?.throwIfAborted()
    const definition = { ...(this.#definitions.get(model) as ModelDefinition), ...checkDefinition(change) }
    const spec = modelSpec(model, definition)
    await this.#driver.submit({ type: 'swap', ticket: this.#driver.newTicket(), model, spec }, signal)
    this.#definitions.set(model, definition)
  }

  /** Waits for the leases, then unloads. Answers whether there was anything to unload. */
  async unload(model: string): Promise<boolean> {
    const { current } = this.#slotOf(model)
    if (current?.demand.model.name !== model) return false
    const gone = this.#driver.loaded(current.generation)?.gone.promise
    this.#driver.dispatch({ type: 'unload', model })
    await gone
    return true
  }

  /** All who wait for the load fail with `LoadCancelledError`. Answers whether there was a load. */
  cancelLoading(model: string): boolean {
    const wasLoading = this.#slotOf(model).incoming?.demand.model.name === model
    this.#driver.dispatch({ type: 'cancel-loading', model })
    return wasLoading
  }

  /**
   * Changes limits of the model's slot while requests wait. A raised limit admits waiters at once, a lowered one revokes nothing.
   *
   * @throws ConfigError that names the field; nothing has changed then
   */
  configure(model: string, limits: object): void {
    const slot = this.#slotOf(model)
    this.#driver.dispatch({ type: 'configure', slot: slot.name, limits: checkLimits(limits, slot.limits) })
  }

  /** @throws ConfigError that names the field; nothing has changed then */
  configureRuntime(limits: object): void {
    this.#driver.dispatch({ type: 'configure-runtime', limits: checkRuntimeLimits(limits) })
  }

  /** A pinned model is neither evicted nor unloaded for idleness. */
  pin(model: string, pinned: boolean): void {
    this.#check(model)
    this.#driver.dispatch({ type: 'pin', model, pinned })
  }

  models(): ModelStatus[] {
    return this.names().map((name) => this.status(name))
  }

  status(model: string): ModelStatus {
    this.#check(model)
    return statusOf(this.#scheduler.state, model, {
      clock: this.#clock,
      config: this.#config.models.get(model) as ResolvedModelConfig,
      loaded: (generation) => this.#driver.loaded(generation)?.model,
    })
  }

  names(): string[] {
    return [...this.#config.models.keys()]
  }

  /** What the name stands for now. @throws ModelNotFoundError */
  definition(model: string): ModelDefinition {
    this.#check(model)
    return this.#definitions.get(model) as ModelDefinition
  }

  /** What those who wait for the model wait for, in order, and why the model was last unloaded. */
  explain(model: string): Explanation {
    this.#check(model)
    return explain(this.#scheduler.state, model)
  }

  readiness(): Readiness {
    return readinessOf(this.#scheduler, this.#clock.nowMs(), this.#driver.fault)
  }

  /** Nothing new is admitted; what was admitted has `graceMs`. Settles when nothing is left. Idempotent. */
  async close(graceMs: number = this.#config.graceMs): Promise<void> {
    checkNumber('graceMs', graceMs, 0)
    if (this.#driver.fault === undefined) this.#driver.dispatch({ type: 'close', graceMs })
    await this.#driver.closed
  }

  #addModel(name: string, config: ResolvedModelConfig): void {
    const { keepAliveMs, group, preload, pin, slot, limits } = config
    const spec = modelSpec(name, config)
    this.#definitions.set(name, config)
    this.#scheduler.addModel(
      { name, spec, keepAliveMs, group, isPreloaded: preload, isPinned: pin },
      { name: slot, limits },
    )
  }

  #request(
    model: string,
    kind: TicketKind,
    options: AcquireOptions,
  ): ManagedLease | undefined | Promise<ManagedLease | undefined> {
    this.#check(model)
    checkAcquireOptions(options)
    options.signal?.throwIfAborted()
    const level = this.#pressure()
    if (level !== this.#scheduler.state.pressure) this.#driver.dispatch({ type: 'pressure', level })
    const ticket = this.#driver.newTicket()
    const { priority, tenant, deadlineMs, keepAliveMs, whenFull } = options
    const selector = selectorOf(options)
    return this.#driver.submit(
      { type: 'acquire', ticket, kind, model, selector, priority, tenant, deadlineMs, keepAliveMs, whenFull },
      options.signal,
    )
  }

  #slotOf(model: string): Slot {
    this.#check(model)
    return this.#scheduler.state.models.get(model)?.slot as Slot
  }

  #check(model: unknown): asserts model is string {
    if (typeof model !== 'string') {
      throw new InvalidInputError(`model must be a text, not ${kindOf(model)}.`, { field: 'model' })
    }
    if (this.#config.models.has(model)) return
    const wanted: string = model
    const names = this.names()
    const similar = nearest(wanted, names)
    const hint = similar === undefined ? '' : ` Did you mean ${similar}?`
    const known = names.slice(0, 20).join(', ') || 'none'
    throw new ModelNotFoundError(`No model is called ${wanted}.${hint} There is: ${known}.`, {
      model: wanted,
    })
  }
}
