import type { Clock, Timer } from '../kernel/clock.ts'
import { onAbort } from '../kernel/abort.ts'
import { Deferred } from '../kernel/deferred.ts'
import type { Emitter } from '../kernel/events.ts'
import type { RuntimeEvents } from '../kernel/runtime-events.ts'
import type { ModelFactory } from '../registry/model.ts'
import type { Effect } from '../scheduler/effects.ts'
import type { AcquireEvent, Event } from '../scheduler/events.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { ManagedLease } from './lease.ts'
import { LoadedModels, type LoadedModel } from './loaded-models.ts'
import type { LoadableVariant } from './model-spec.ts'
import { rejectionError, revocationError } from './rejection-error.ts'
import { reportEffect } from './reporting.ts'

export interface DriverOptions {
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly events: Emitter<RuntimeEvents>
  readonly factoryOf: (model: string) => ModelFactory
}

/** Events that carry a ticket: somebody waits for what becomes of it. */
export type TicketEvent = AcquireEvent | (Event & { type: 'swap' })

/** A caller that waits. */
interface Waiting {
  readonly model: string
  readonly deferred: Deferred<ManagedLease | undefined>
  readonly abortListener: Disposable
}

/** How a ticket ended: with a lease, with what it asked for (a load, a swap), or with an error. */
type Outcome = { readonly lease: ManagedLease | undefined } | { readonly error: Error }

/**
 * Carries out what the scheduler decides: the one place where decisions meet promises, timers and threads. Everything that
 * happens goes through `dispatch`, one event at a time.
 */
export class Driver {
  readonly #scheduler: Scheduler
  readonly #clock: Clock
  readonly #events: Emitter<RuntimeEvents>
  readonly #models: LoadedModels
  readonly #waiting = new Map<number, Waiting>()
  readonly #leases = new Map<number, ManagedLease>()
  readonly #closed = new Deferred<void>()
  readonly #later: Event[] = []
  readonly #release = (lease: number): void => {
    if (this.#leases.delete(lease) && this.#fault === undefined) this.dispatch({ type: 'release', lease })
  }
  #isHandling = false
  #nextTicket = 1
  /** The ticket of the caller that is calling now, and how it ended if that needed no wait. */
  #calling: { readonly event: TicketEvent; outcome: Outcome | undefined } | undefined
  #timer: Timer | undefined
  #timerAtMs = Infinity
  #fault: Error | undefined

  constructor({ scheduler, clock, events, factoryOf }: DriverOptions) {
    this.#scheduler = scheduler
    this.#clock = clock
    this.#events = events
    this.#models = new LoadedModels({
      factoryOf,
      dispatch: (event) => {
        if (this.#fault === undefined) this.dispatch(event)
      },
      onStrayError: (model, error) => this.#warn(model, 'stray-error', String(error)),
    })
  }

  /** A failure of the core itself: nothing goes on after it. */
  get fault(): Error | undefined {
    return this.#fault
  }

  /** Settles when the scheduler has closed. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  newTicket(): number {
    return this.#nextTicket++
  }

  loaded(generation: number): LoadedModel | undefined {
    return this.#models.get(generation)
  }

  /** What comes of the event's ticket: at once where nothing has to be waited for, and else as a promise. */
  submit(
    event: TicketEvent,
    signal: AbortSignal | undefined,
  ): ManagedLease | undefined | Promise<ManagedLease | undefined> {
    const { ticket, model } = event
    const calling: { event: TicketEvent; outcome: Outcome | undefined } = { event, outcome: undefined }
    // A listener may call while another caller is being served, whose turn goes on afterwards.
    const outer = this.#calling
    this.#calling = calling
    try {
      this.dispatch(event)
    } finally {
      this.#calling = outer
    }
    const { outcome } = calling
    if (outcome) {
      if ('error' in outcome) throw outcome.error
      return outcome.lease
    }
    const deferred = new Deferred<ManagedLease | undefined>()
    const abortListener = onAbort(signal, (reason) => {
      // A ticket that ended in this very moment has its outcome already.
      if (!this.#stopWaiting(ticket)) return
      deferred.reject(reason)
      this.dispatch({ type: 'abort', ticket })
    })
    this.#waiting.set(ticket, { model, deferred, abortListener })
    this.#timer?.setBackground(false)
    return deferred.promise
  }

  /**
   * Carrying out an effect may bring another event at once (a factory that fails without waiting): it comes after this one.
   *
   * @throws the fault, once there is one
   */
  dispatch(event: Event): void {
    if (this.#fault) throw this.#fault
    if (this.#isHandling) {
      this.#later.push(event)
      return
    }
    this.#isHandling = true
    try {
      for (let next: Event | undefined = event; next !== undefined; next = this.#later.shift()) {
        for (const effect of this.#scheduler.handle(this.#clock.nowMs(), next)) this.#carryOut(effect)
      }
    } catch (error) {
      throw this.#break(error)
    } finally {
      this.#isHandling = false
    }
    this.#armTimer()
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'grant':
        return this.#grant(effect)
      case 'ready':
        this.#end(effect.ticket, { lease: undefined })
        return
      case 'reject':
        return this.#reject(effect)
      case 'revoke': {
        const lease = this.#leases.get(effect.lease)
        this.#leases.delete(effect.lease)
        return lease?.revoke(revocationError(lease.key.name, effect.reason, effect.cause))
      }
      case 'start-load':
        // The scheduler hands back what `modelSpec` gave it.
        this.#models.startLoad(effect.generation, effect.model, effect.variant as LoadableVariant)
        return reportEffect(this.#events, effect)
      case 'abort-load':
        return this.#models.abortLoad(effect.generation)
      case 'dispose':
        return this.#models.dispose(effect.generation)
      case 'kill':
        return this.#models.kill(
          effect.generation,
          revocationError(effect.model, effect.reason, effect.cause),
        )
      case 'stop-run':
        return this.#models.stopRun(effect.generation, effect.run)
      case 'gone':
        this.#models.forget(effect.generation)
        return reportEffect(this.#events, effect)
      case 'loaded':
      case 'load-failed':
      case 'swap':
      case 'warn':
        return reportEffect(this.#events, effect)
      case 'closed':
        this.#timer?.cancel()
        return this.#closed.resolve()
      default:
        return effect satisfies never
    }
  }

  #grant({ ticket, lease: id, generation, loadMs }: Effect & { type: 'grant' }): void {
    const loaded = this.#models.get(generation)
    if (loaded === undefined) throw new Error(`generation ${generation} was granted and is not loaded`)
    const lease = new ManagedLease(id, loaded, loadMs, this.#release)
    this.#leases.set(id, lease)
    // Its caller left in the very moment of the grant: what comes after the abort is given back.
    if (!this.#end(ticket, { lease })) lease.release()
  }

  #reject({ ticket, rejection }: Effect & { type: 'reject' }): void {
    const { event } = this.#calling ?? {}
    const model = event?.ticket === ticket ? event.model : this.#waiting.get(ticket)?.model
    // A caller that left in this very moment needs no error.
    if (model === undefined) return
    const error = rejectionError(model, rejection)
    if (rejection.code.endsWith('TIMEOUT')) this.#warn(model, rejection.code, error.message)
    this.#end(ticket, { error })
  }

  /**
   * Every ticket ends here, once: into the hands of the caller that is calling, or through its promise. Answers whether there was
   * anybody to hear it.
   */
  #end(ticket: number, outcome: Outcome): boolean {
    if (this.#calling?.event.ticket === ticket) {
      this.#calling.outcome = outcome
      return true
    }
    const waiting = this.#waiting.get(ticket)
    if (waiting === undefined) return false
    this.#stopWaiting(ticket)
    waiting.abortListener[Symbol.dispose]()
    if ('error' in outcome) waiting.deferred.reject(outcome.error)
    else waiting.deferred.resolve(outcome.lease)
    return true
  }

  /** One timer, for the earliest of all deadlines. One that comes too early does no harm and sets the next. */
  #armTimer(): void {
    const { wakeAtMs } = this.#scheduler
    if (wakeAtMs >= this.#timerAtMs) return
    this.#timer?.cancel()
    this.#timerAtMs = wakeAtMs
    const onTime = (): void => {
      this.#timerAtMs = Infinity
      if (this.#fault === undefined) this.dispatch({ type: 'tick' })
    }
    this.#timer = this.#clock.callAt(wakeAtMs, onTime, { background: this.#waiting.size === 0 })
  }

  /** Who waits keeps the process alive; an idle model alone does not. */
  #stopWaiting(ticket: number): boolean {
    const wasWaiting = this.#waiting.delete(ticket)
    if (this.#waiting.size === 0) this.#timer?.setBackground(true)
    return wasWaiting
  }

  /** A fault of ours. Nobody may be left hanging because of it, and readiness says so. */
  #break(cause: unknown): Error {
    const fault = new Error('The model manager has failed and must be restarted.', { cause })
    this.#fault = fault
    this.#timer?.cancel()
    for (const { deferred, abortListener } of this.#waiting.values()) {
      abortListener[Symbol.dispose]()
      deferred.reject(fault)
    }
    this.#waiting.clear()
    this.#closed.resolve()
    return fault
  }

  #warn(model: string, code: string, message: string): void {
    this.#events.emit('warning', { model, code, message })
  }
}
