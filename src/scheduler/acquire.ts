import { abortIncoming, isUnwanted } from './loading.ts'
import { awaitsLoad, demandFor, demandsOf, satisfies, waitingFor } from './demand.ts'
import type { Rejection, RejectionCode } from './effects.ts'
import type { AcquireEvent } from './events.ts'
import { grant, hasFreePlace } from './leases.ts'
import { DEFAULT_PRIORITY, priorityLevel } from '../kernel/priority.ts'
import { keepAlive } from './residents.ts'
import { expectedWaitMs, limitOf, retryAfterMs } from './pace.ts'
import type { Demand, ModelState, Slot, State, Ticket } from './state.ts'
import { enqueue, reject, settleTicket } from './tickets.ts'
import type { ModelSpec } from './variant.ts'

/** Who comes is served at once, waits, or is refused: decided in one step. */
export function acquire(state: State, event: AcquireEvent): void {
  const model = modelOf(state, event.model)
  const { slot } = model
  if (state.closing) return refuse(state, slot, event, 'SHUTDOWN')
  if (event.deadlineMs !== undefined && event.deadlineMs <= 0) {
    return refuse(state, slot, event, 'DEADLINE_EXCEEDED')
  }
  const demand = demandFor(state, model, event.selector)
  const resident = slot.current
  const isServed = resident !== undefined && slot.drain === undefined && satisfies(resident, demand)
  const { kind } = event
  if (kind === 'load') {
    if (!isServed) return enqueue(state, newTicket(state, event, demand))
    if (event.keepAliveMs !== undefined) keepAlive(state, resident, event.keepAliveMs)
    state.effects.push({ type: 'ready', ticket: event.ticket, generation: resident.generation })
    return
  }
  const priority = priorityLevel(event.priority)
  if (state.pressure === 'reject' || (state.pressure === 'shed' && priority > DEFAULT_PRIORITY)) {
    return refuse(state, slot, event, 'OVERLOADED')
  }
  if (isServed) {
    if (hasFreePlace(resident, kind)) {
      const { ticket, keepAliveMs } = event
      return grant(state, resident, { ticket, kind, model, arrivedAtMs: state.nowMs, keepAliveMs })
    }
    if (event.whenFull === 'reject') {
      const numbers = { held: resident.leases[kind], limit: limitOf(slot, kind) }
      return refuse(state, slot, event, 'CONCURRENCY_LIMIT', { numbers })
    }
    const expectedMs = expectedWaitMs(slot, demand, kind)
    if (event.deadlineMs !== undefined && expectedMs !== undefined && expectedMs > event.deadlineMs) {
      return refuse(state, slot, event, 'OVERLOADED', { numbers: { expectedWaitMs: Math.ceil(expectedMs) } })
    }
  }
  const ticket = newTicket(state, event, demand)
  if (slot.waiting >= slot.limits.maxQueue && !displaceFor(state, slot, ticket)) {
    const numbers = { waiting: slot.waiting, limit: slot.limits.maxQueue }
    return refuse(state, slot, event, 'QUEUE_FULL', { numbers })
  }
  enqueue(state, ticket)
}

function modelOf(state: State, name: string): ModelState {
  const model = state.models.get(name)
  // The manager refuses unknown names with the nearest ones; here it would be a fault of ours.
  if (model === undefined) throw new Error(`the scheduler knows no model ${name}`)
  return model
}

function newTicket(state: State, event: AcquireEvent, demand: Demand): Ticket {
  const { slot } = demand.model
  const { limits } = slot
  const loadingMs = event.kind === 'load' ? limits.loadingTimeoutMs : 0
  return {
    id: event.ticket,
    kind: event.kind,
    demand,
    priority: priorityLevel(event.priority),
    tenant: event.tenant ?? '',
    arrivedAtMs: state.nowMs,
    accessAtMs: state.nowMs + limits.accessTimeoutMs + loadingMs,
    deadlineAtMs: event.deadlineMs === undefined ? Infinity : state.nowMs + event.deadlineMs,
    waitAtMs: awaitsLoad(slot, demand) ? state.nowMs + limits.waitTimeoutMs : Infinity,
    keepAliveMs: event.keepAliveMs,
    spec: undefined,
    deadline: state.deadlines.create({ type: 'ticket', ticket: event.ticket }),
    place: undefined,
  }
}

/** The queue is full: somebody with a lesser claim goes in the newcomer's place, if there is one. */
function displaceFor(state: State, slot: Slot, newcomer: Ticket): boolean {
  let victim: Ticket | undefined
  for (const demand of demandsOf(slot)) {
    for (const kind of ['lease', 'use'] as const) {
      const candidate = demand.queues[kind].displacedBy(newcomer)
      if (candidate && (victim === undefined || candidate.priority > victim.priority)) victim = candidate
    }
  }
  if (victim === undefined) return false
  const numbers = { waiting: slot.waiting, limit: slot.limits.maxQueue }
  reject(state, victim, 'QUEUE_FULL', { numbers, retryAfterMs: retryAfterMs(slot) })
  return true
}

function refuse(
  state: State,
  slot: Slot,
  event: { ticket: number },
  code: RejectionCode,
  details: Partial<Rejection> = {},
): void {
  const isFinal = code === 'SHUTDOWN' || code === 'DEADLINE_EXCEEDED'
  const retry = isFinal ? {} : { retryAfterMs: retryAfterMs(slot) }
  const rejection: Rejection = { code, waitedMs: 0, waitingFor: 'nothing', ...retry, ...details }
  state.effects.push({ type: 'reject', ticket: event.ticket, rejection })
}

/** A swap is a ticket that carries what the model shall stand for. A newer one takes the place of one that has not begun. */
export function requestSwap(state: State, event: { ticket: number; model: string; spec: ModelSpec }): void {
  const model = modelOf(state, event.model)
  const { slot } = model
  if (state.closing) return refuse(state, slot, event, 'SHUTDOWN')
  if (slot.pendingSwap) reject(state, slot.pendingSwap, 'LOAD_CANCELLED')
  const acquireEvent: AcquireEvent = {
    type: 'acquire',
    ticket: event.ticket,
    kind: 'load',
    model: event.model,
  }
  const ticket: Ticket = {
    ...newTicket(state, acquireEvent, demandFor(state, model, undefined)),
    waitAtMs: Infinity,
    spec: event.spec,
  }
  enqueue(state, ticket)
  slot.pendingSwap = ticket
}

/** A caller has left. The load belongs to its waiters: with the last of them it ends. */
export function withdraw(state: State, ticket: Ticket): void {
  const { slot } = ticket.demand.model
  const { incoming } = slot
  settleTicket(state, ticket)
  if (incoming === undefined) return
  if (incoming.swap === ticket) return abortIncoming(state, slot)
  if (incoming.demand === ticket.demand && isUnwanted(state, incoming)) {
    abortIncoming(state, slot)
    abortCompanions(state, ticket.demand.model)
  }
}

/** The other models of the group came along for a caller that is gone. */
function abortCompanions(state: State, { group }: ModelState): void {
  if (group === undefined) return
  for (const other of state.models.values()) {
    const { incoming } = other.slot
    if (other.group !== group || incoming?.origin !== 'group') continue
    if (waitingFor(incoming.demand) === 0) abortIncoming(state, other.slot)
  }
}
