import { expect } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/config/limits.ts'
import type { UnloadReason } from '../../src/kernel/runtime-events.ts'
import type {
  Effect,
  Rejection,
  RejectionCode,
  RevokeReason,
  SwapMode,
  SwapOutcome,
  WaitingFor,
  WarningCode,
} from '../../src/scheduler/effects.ts'
import type { AcquireEvent, Event } from '../../src/scheduler/events.ts'
import type { SlotLimits } from '../../src/scheduler/limits.ts'
import { Scheduler } from '../../src/scheduler/scheduler.ts'
import type { ModelState, Resident, Slot, State } from '../../src/scheduler/state.ts'
import type { ModelSpec } from '../../src/scheduler/variant.ts'

export interface ModelInRig {
  /** @default a slot of its own, of the same name */
  readonly slot?: string
  /** What each candidate is expected to take; the first is what is configured, the others are fallbacks. @default [100] */
  readonly bytes?: readonly number[]
  /** @default -1, for ever */
  readonly keepAliveMs?: number
  readonly group?: string
  readonly isPreloaded?: boolean
  readonly isPinned?: boolean
  readonly limits?: Partial<SlotLimits>
}

export interface RigOptions {
  readonly limits?: Partial<SlotLimits>
  readonly memoryBudgetBytes?: number
  readonly maxParallelLoads?: number
  readonly weightOf?: (tenant: string) => number
}

/** Candidates `name.0`, `name.1` …; a selector is the index of one of them and is answered by no other. */
export function specOf(name: string, bytes: readonly number[] = [100]): ModelSpec {
  const variants = bytes.map((estimateBytes, index) => ({
    id: `${name}.${index}`,
    label: `${name}.${index}`,
    estimateBytes,
  }))
  return {
    candidates: (selector) =>
      selector === undefined ? variants : variants.slice(Number(selector), Number(selector) + 1),
  }
}

/** Numbers of the tickets that the rig takes for itself. */
const FIRST_OWN_TICKET = 1_000_000

/** The scheduler alone: it is told what happens and when, and each step states all the effects that it must have. */
export class Rig {
  readonly scheduler: Scheduler
  #nextTicket = FIRST_OWN_TICKET

  constructor(models: Readonly<Record<string, ModelInRig>>, options: RigOptions = {}) {
    const { memoryBudgetBytes = Infinity, maxParallelLoads = Infinity, weightOf } = options
    this.scheduler = new Scheduler({ memoryBudgetBytes, maxParallelLoads }, weightOf)
    for (const [name, { slot = name, bytes, keepAliveMs = -1, limits, ...rest }] of Object.entries(models)) {
      this.scheduler.addModel(
        { name, spec: specOf(name, bytes), keepAliveMs, ...rest },
        { name: slot, limits: { ...DEFAULT_LIMITS, ...options.limits, ...limits } },
      )
    }
  }

  /** The event happens, and has these effects in this order and no others. */
  at(nowMs: number, event: Event, effects: readonly Effect[]): void {
    expect(this.scheduler.handle(nowMs, event)).toEqual(effects)
  }

  /** The event happens; what comes of it is not what the test is about. */
  given(nowMs: number, event: Event): readonly Effect[] {
    return this.scheduler.handle(nowMs, event)
  }

  /** Loads the model at once and answers its generation. What it takes is 100 bytes, if not told otherwise. */
  resident(nowMs: number, model: string, memoryBytes?: number): number {
    const generation = this.state.nextGeneration
    this.given(nowMs, load(this.#nextTicket++, model))
    this.given(nowMs, loadEnded(generation, memoryBytes))
    expect(this.state.residents.get(generation)?.phase, `${model} is loaded`).toBe('ready')
    return generation
  }

  /** Takes `count` leases on a model that is loaded and answers their numbers. */
  hold(nowMs: number, model: string, count = 1, kind: 'lease' | 'use' = 'lease'): number[] {
    return Array.from({ length: count }, () => {
      const lease = this.state.nextLease
      const effects = this.given(nowMs, acquire(kind, this.#nextTicket++, model))
      expect(effects, `${model} has a free place`).toMatchObject([{ type: 'grant', lease }])
      return lease
    })
  }

  get state(): State {
    return this.scheduler.state
  }

  get wakeAtMs(): number {
    return this.scheduler.wakeAtMs
  }

  slot(name: string): Slot {
    return this.state.slots.get(name) as Slot
  }

  model(name: string): ModelState {
    return this.state.models.get(name) as ModelState
  }

  generation(generation: number): Resident {
    return this.state.residents.get(generation) as Resident
  }
}

// What happens.

type AcquireOptions = Partial<Omit<AcquireEvent, 'type' | 'ticket' | 'kind' | 'model'>>

function acquire(
  kind: AcquireEvent['kind'],
  ticket: number,
  model: string,
  options?: AcquireOptions,
): AcquireEvent {
  return { type: 'acquire', ticket, kind, model, ...options }
}

export const lease = (ticket: number, model: string, options?: AcquireOptions): Event =>
  acquire('lease', ticket, model, options)
export const use = (ticket: number, model: string, options?: AcquireOptions): Event =>
  acquire('use', ticket, model, options)
export const load = (ticket: number, model: string, options?: AcquireOptions): Event =>
  acquire('load', ticket, model, options)
export const swap = (ticket: number, model: string, spec: ModelSpec): Event => ({
  type: 'swap',
  ticket,
  model,
  spec,
})
export const abort = (ticket: number): Event => ({ type: 'abort', ticket })
export const release = (id: number): Event => ({ type: 'release', lease: id })
export const loadEnded = (generation: number, memoryBytes = 100): Event => ({
  type: 'load-ended',
  generation,
  memoryBytes,
})
export const loadFailed = (generation: number, error: unknown): Event => ({
  type: 'load-failed',
  generation,
  error,
})
export const runStarted = (generation: number, run: number): Event => ({
  type: 'run-started',
  generation,
  run,
})
export const runEnded = (generation: number, run: number): Event => ({ type: 'run-ended', generation, run })
export const lost = (generation: number, error: unknown): Event => ({ type: 'lost', generation, error })
export const unloadEnded = (generation: number): Event => ({ type: 'unload-ended', generation })
export const unload = (model: string): Event => ({ type: 'unload', model })
export const cancelLoading = (model: string): Event => ({ type: 'cancel-loading', model })
export const pin = (model: string, pinned: boolean): Event => ({ type: 'pin', model, pinned })
export const configure = (slot: string, limits: Partial<SlotLimits>): Event => ({
  type: 'configure',
  slot,
  limits,
})
export const close = (graceMs: number): Event => ({ type: 'close', graceMs })
export const TICK: Event = { type: 'tick' }

// What is to be done.

export const granted = (ticket: number, leaseId: number, generation: number, loadMs = 0): Effect => ({
  type: 'grant',
  ticket,
  lease: leaseId,
  generation,
  loadMs,
})
export const isReady = (ticket: number, generation: number): Effect => ({ type: 'ready', ticket, generation })
export const rejected = (
  ticket: number,
  code: RejectionCode,
  waitedMs: number,
  waitingFor: WaitingFor,
  details: Partial<Rejection> = {},
): Effect => ({ type: 'reject', ticket, rejection: { code, waitedMs, waitingFor, ...details } })
export const revoked = (leaseId: number, reason: RevokeReason, cause?: unknown): Effect => ({
  type: 'revoke',
  lease: leaseId,
  reason,
  cause,
})

/** `label` is `model.index`; a fallback is one whose index is not 0. */
function parse(label: string): { model: string; isFallback: boolean } {
  const [model = '', index] = label.split('.')
  return { model, isFallback: index !== '0' }
}

export function starts(
  generation: number,
  label: string,
  details: { bytes?: number; model?: string; isFallback?: boolean } = {},
): Effect {
  const { bytes = 100, ...rest } = details
  const variant = { id: label, label, estimateBytes: bytes }
  return { type: 'start-load', generation, variant, ...parse(label), ...rest }
}

export function loaded(
  generation: number,
  label: string,
  durationMs: number,
  details: { memoryBytes?: number; model?: string; isFallback?: boolean } = {},
): Effect {
  return { type: 'loaded', generation, label, durationMs, memoryBytes: 100, ...parse(label), ...details }
}

export function failed(
  generation: number,
  label: string,
  durationMs: number,
  error: unknown,
  details: { wasAborted?: boolean; model?: string } = {},
): Effect {
  const { model } = parse(label)
  return { type: 'load-failed', generation, model, label, durationMs, wasAborted: false, error, ...details }
}

export const abortsLoad = (generation: number): Effect => ({ type: 'abort-load', generation })
export const disposes = (generation: number): Effect => ({ type: 'dispose', generation })
export const stopsRun = (generation: number, run: number): Effect => ({ type: 'stop-run', generation, run })
export const kills = (generation: number, model: string, reason: RevokeReason, cause?: unknown): Effect => ({
  type: 'kill',
  generation,
  model,
  reason,
  cause,
})
export const gone = (
  generation: number,
  label: string,
  reason: UnloadReason,
  model: string = parse(label).model,
): Effect => ({
  type: 'gone',
  generation,
  model,
  label,
  reason,
})
export const swaps = (
  outcome: SwapOutcome,
  mode: SwapMode,
  slot: string,
  from: string,
  to: string,
): Effect => ({ type: 'swap', slot, from, to, mode, outcome })
export const warns = (model: string, code: WarningCode, detail: string): Effect => ({
  type: 'warn',
  model,
  code,
  detail,
})
export const CLOSED: Effect = { type: 'closed' }
