import { backOffOf, noteFailure, noteSuccess } from './back-off.ts'
import { demandFor, waitingFor } from './demand.ts'
import type { Rejection, RejectionCode } from './effects.ts'
import { STOP_GRACE_MS } from './limits.ts'
import { estimateOf, relieve } from './memory.ts'
import { retryAfterMs } from './pace.ts'
import { armIdle, armRetry, retire } from './residents.ts'
import type { Demand, Incoming, Resident, Slot, State, Ticket } from './state.ts'
import { ready, reject, rejectAll } from './tickets.ts'
import type { Variant } from './variant.ts'

/** Begins the present candidate's load. Whether there is room was decided before (`advance.ts`). */
export function startLoad(state: State, slot: Slot, incoming: Incoming): void {
  const variant = candidateOf(incoming)
  const generation = state.nextGeneration++
  const bytes = estimateOf(state, variant)
  incoming.phase = { type: 'loading', generation, startedAtMs: state.nowMs, progress: 0, bytes }
  state.queued.delete(slot)
  stopWaitingForLeases(state, slot)
  state.deadlines.arm(incoming.deadline, state.nowMs + slot.limits.loadingTimeoutMs)
  const { name } = incoming.demand.model
  const isFallback = incoming.index > 0
  state.effects.push({ type: 'start-load', generation, model: name, variant, isFallback })
}

export function candidateOf(incoming: Incoming): Variant {
  return incoming.candidates[incoming.index] as Variant
}

/** The slot that loads this generation now; a completion that comes late finds none. */
export function slotLoading(state: State, generation: number): Slot | undefined {
  for (const slot of state.slots.values()) {
    const phase = slot.incoming?.phase
    if (phase?.type === 'loading' && phase.generation === generation) return slot
  }
  return undefined
}

export function loadEnded(state: State, generation: number, memoryBytes: number): void {
  const slot = slotLoading(state, generation)
  const incoming = slot?.incoming
  if (slot === undefined || incoming?.phase.type !== 'loading') {
    // It came although it was aborted: it is given back. Its memory counts until that is done (`slot.aborting`).
    state.effects.push({ type: 'dispose', generation })
    return
  }
  const variant = candidateOf(incoming)
  const previous = slot.current
  state.measuredBytes.set(variant.id, memoryBytes)
  slot.pace.loadMs = state.nowMs - incoming.phase.startedAtMs
  noteSuccess(state, variant)
  leaveSlot(state, slot, incoming)
  const { model } = incoming.demand
  if (incoming.swap?.spec) model.spec = incoming.swap.spec
  model.lastError = undefined
  if (previous) retire(state, previous, 'swapped')
  const resident = newResident(state, slot, incoming, generation, memoryBytes)
  state.residents.set(generation, resident)
  slot.current = resident
  const { isFallback } = resident
  const durationMs = slot.pace.loadMs
  state.effects.push({
    type: 'loaded',
    generation,
    model: model.name,
    label: variant.label,
    durationMs,
    memoryBytes,
    isFallback,
  })
  noteSwap(state, slot, incoming, 'ended')
  if (incoming.swap && isWaiting(state, incoming.swap)) ready(state, incoming.swap, resident)
  armIdle(state, resident)
  relieve(state, resident)
}

function newResident(
  state: State,
  slot: Slot,
  incoming: Incoming,
  generation: number,
  memoryBytes: number,
): Resident {
  const { demand } = incoming
  return {
    generation,
    slot,
    demand,
    variant: candidateOf(incoming),
    isFallback: incoming.index > 0,
    bytes: memoryBytes,
    readyAtMs: state.nowMs,
    phase: 'ready',
    reason: undefined,
    leases: { lease: 0, use: 0 },
    useCount: 0,
    lastUsedAtMs: state.nowMs,
    keepAliveMs: demand.model.defaultKeepAliveMs,
    runs: new Map(),
    idle: state.deadlines.create({ type: 'idle', generation }),
    end: state.deadlines.create({ type: 'abandon', generation }),
  }
}

export function loadFailed(state: State, generation: number, error: unknown): void {
  const slot = slotLoading(state, generation)
  if (slot) return attemptFailed(state, slot, error, false)
  loadAborted(state, generation)
}

/** The present candidate failed: the next one's turn, in the same slot, or the end of the whole load. */
function attemptFailed(state: State, slot: Slot, error: unknown, timedOut: boolean): void {
  const incoming = slot.incoming as Incoming
  const variant = candidateOf(incoming)
  noteEnd(state, incoming, error, false)
  incoming.failures.push({ variant, error, timedOut })
  incoming.demand.model.lastError = error
  noteFailure(state, variant, error)
  state.deadlines.disarm(incoming.deadline)
  if (tryNextCandidate(state, slot, incoming)) return
  const cause = timedOut ? undefined : error
  giveUp(state, slot, timedOut ? 'LOADING_TIMEOUT' : 'MODEL_LOAD', { cause, ...retry(state, slot, variant) })
}

function retry(state: State, slot: Slot, variant: Variant): Partial<Rejection> {
  const backOff = backOffOf(state, variant)
  return { retryAfterMs: backOff ? backOff.nextRetryAtMs - state.nowMs : retryAfterMs(slot) }
}

/** Answers whether there is a further candidate; it is queued then. */
export function tryNextCandidate(state: State, slot: Slot, incoming: Incoming): boolean {
  const next = incoming.candidates.findIndex(
    (variant, index) => index > incoming.index && (incoming.ignoresBackOff || !backOffOf(state, variant)),
  )
  if (next === -1) return false
  const from = candidateOf(incoming).label
  incoming.index = next
  incoming.phase = { type: 'queued', blockedBy: 'nothing', nextDrainAtMs: 0 }
  state.queued.add(slot)
  state.dirty.add(slot)
  const detail = `${from} could not be loaded; ${candidateOf(incoming).label} is tried instead`
  state.effects.push({ type: 'warn', model: incoming.demand.model.name, code: 'fallback', detail })
  return true
}

/**
 * The load has come to nothing. A swap fails alone: what it was to replace goes on serving, or is loaded again when it had to
 * make room. Otherwise everybody who waited for it hears why.
 */
export function giveUp(state: State, slot: Slot, code: RejectionCode, details: Partial<Rejection>): void {
  const incoming = slot.incoming as Incoming
  const { model } = incoming.demand
  // Rejected before the load leaves the slot, so that each hears what it waited for.
  if (incoming.swap) rejectSwap(state, incoming.swap, code, details)
  else rejectAll(state, incoming.demand, code, details)
  noteSwap(state, slot, incoming, 'given-up')
  leaveSlot(state, slot, incoming)
  if (incoming.displaced && slot.current === undefined) {
    planLoad(state, slot, incoming.displaced, { mode: 'fill', origin: 'restore' })
  } else {
    const [first] = incoming.failures
    const backOff = first && backOffOf(state, first.variant)
    // Its first choice decides; where that may be tried again already, it is.
    armRetry(state, model, first ? (backOff?.nextRetryAtMs ?? state.nowMs) : Infinity)
  }
}

/** Who asked for the swap may have left, or have run out of time, while its load went on. */
function isWaiting(state: State, ticket: Ticket): boolean {
  return state.tickets.get(ticket.id) === ticket
}

function rejectSwap(state: State, swap: Ticket, code: RejectionCode, details: Partial<Rejection>): void {
  if (isWaiting(state, swap)) reject(state, swap, code, details)
}

/** Ends a load that nobody wants any more. What its waiters hear, if there are any, is the caller's affair. */
export function abortIncoming(state: State, slot: Slot): void {
  const { incoming } = slot
  if (incoming === undefined) return
  sendAbort(state, slot, incoming)
  noteEnd(state, incoming, undefined, true)
  if (incoming.swap) rejectSwap(state, incoming.swap, 'LOAD_CANCELLED', {})
  noteSwap(state, slot, incoming, 'given-up')
  leaveSlot(state, slot, incoming)
}

export function loadTimedOut(state: State, slot: Slot): void {
  const { incoming } = slot
  if (incoming?.phase.type !== 'loading') return
  const waitedMs = state.nowMs - incoming.phase.startedAtMs
  sendAbort(state, slot, incoming)
  const label = candidateOf(incoming).label
  const error = new Error(`${label} was not loaded within ${waitedMs} ms`)
  attemptFailed(state, slot, error, true)
}

/** The memory of an aborted load counts until it has ended; whoever wants the slot waits for that, for a while. */
function sendAbort(state: State, slot: Slot, incoming: Incoming): void {
  if (incoming.phase.type !== 'loading') return
  const { generation, bytes } = incoming.phase
  const deadline = state.deadlines.create({ type: 'abandon', generation })
  state.deadlines.arm(deadline, state.nowMs + STOP_GRACE_MS)
  const model = incoming.demand.model.name
  slot.aborting.set(generation, { generation, model, bytes, deadline })
  state.effects.push({ type: 'abort-load', generation })
}

export function slotAborting(state: State, generation: number): Slot | undefined {
  for (const slot of state.slots.values()) if (slot.aborting.has(generation)) return slot
  return undefined
}

/** An aborted load has ended, or was given up waiting for. */
export function loadAborted(state: State, generation: number): void {
  const slot = slotAborting(state, generation)
  const aborting = slot?.aborting.get(generation)
  if (slot === undefined || aborting === undefined) return
  slot.aborting.delete(generation)
  state.deadlines.disarm(aborting.deadline)
  state.dirty.add(slot)
}

/** Takes the load out of the slot, and opens every door that was closed for it. */
function leaveSlot(state: State, slot: Slot, incoming: Incoming): void {
  state.deadlines.disarm(incoming.deadline)
  state.queued.delete(slot)
  slot.incoming = undefined
  stopWaitingForLeases(state, slot)
  state.dirty.add(slot)
}

/** The load has its room, or wants none any more: no lease is waited for on its account. */
function stopWaitingForLeases(state: State, slot: Slot): void {
  openDoorsFor(state, slot)
  if (slot.drain === undefined) state.deadlines.disarm(slot.drainDeadline)
}

function openDoorsFor(state: State, beneficiary: Slot): void {
  for (const slot of state.slots.values()) if (slot.drain?.beneficiary === beneficiary) openDoor(state, slot)
}

export function openDoor(state: State, slot: Slot): void {
  slot.drain = undefined
  state.deadlines.disarm(slot.drainDeadline)
  state.dirty.add(slot)
}

/** Puts a load into the slot's plan. The models of its group come along. */
export function planLoad(
  state: State,
  slot: Slot,
  demand: Demand,
  plan: Pick<Incoming, 'mode' | 'origin'> & Partial<Pick<Incoming, 'swap' | 'ignoresBackOff' | 'displaced'>>,
): void {
  const spec = plan.swap?.spec ?? demand.model.spec
  const candidates = spec.candidates(demand.selector)
  const ignoresBackOff = plan.ignoresBackOff ?? false
  const usable = candidates.findIndex((variant) => ignoresBackOff || !backOffOf(state, variant))
  const incoming: Incoming = {
    demand,
    candidates,
    mode: plan.mode,
    origin: plan.origin,
    swap: plan.swap,
    ignoresBackOff,
    plannedAtMs: state.nowMs,
    displaced: plan.displaced,
    index: Math.max(0, usable),
    phase: { type: 'queued', blockedBy: 'nothing', nextDrainAtMs: 0 },
    failures: [],
    deadline: state.deadlines.create({ type: 'load', slot: slot.name }),
  }
  slot.incoming = incoming
  state.queued.add(slot)
  state.dirty.add(slot)
  state.deadlines.disarm(slot.plan)
  state.deadlines.disarm(demand.model.retry)
  noteSwap(state, slot, incoming, 'started')
  if (plan.origin === 'tickets' && plan.swap === undefined) planGroup(state, demand)
}

function planGroup(state: State, { model }: Demand): void {
  if (model.group === undefined) return
  for (const other of state.models.values()) {
    const { slot } = other
    if (other.group !== model.group || slot.current || slot.incoming) continue
    const demand = demandFor(state, other, undefined)
    if (other.spec.candidates(undefined).some((variant) => !backOffOf(state, variant))) {
      planLoad(state, slot, demand, { mode: 'fill', origin: 'group' })
    }
  }
}

function noteEnd(state: State, incoming: Incoming, error: unknown, wasAborted: boolean): void {
  const { demand, phase } = incoming
  if (phase.type !== 'loading') return
  const { generation, startedAtMs } = phase
  const { label } = candidateOf(incoming)
  const durationMs = state.nowMs - startedAtMs
  const model = demand.model.name
  state.effects.push({ type: 'load-failed', generation, model, label, durationMs, wasAborted, error })
}

/** What was displaced is known by the resident that is, or was, in the slot. */
function noteSwap(
  state: State,
  slot: Slot,
  incoming: Incoming,
  outcome: 'started' | 'ended' | 'given-up',
): void {
  const { mode } = incoming
  if (mode === 'fill') return
  const from = incoming.displaced?.model.name ?? ''
  const to = candidateOf(incoming).label
  state.effects.push({ type: 'swap', slot: slot.name, from, to, mode, outcome })
}

/** Nobody waits any more for a load that was made for those who wait. */
export function isUnwanted(state: State, incoming: Incoming): boolean {
  if (incoming.swap) return !isWaiting(state, incoming.swap)
  return incoming.origin === 'tickets' && waitingFor(incoming.demand) === 0
}
