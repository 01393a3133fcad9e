import type { Rejection, RejectionCode, WaitingFor } from './effects.ts'
import { awaitsLoad, satisfies } from './demand.ts'
import { retryAfterMs } from './pace.ts'
import type { Demand, Resident, State, Ticket } from './state.ts'

/** Puts a ticket into its queue, with its deadline armed. */
export function enqueue(state: State, ticket: Ticket): void {
  const { demand } = ticket
  state.tickets.set(ticket.id, ticket)
  if (ticket.spec === undefined) {
    demand.queues[ticket.kind].add(ticket)
    demand.model.slot.waiting++
  }
  armTicket(state, ticket)
  state.dirty.add(demand.model.slot)
}

function armTicket(state: State, ticket: Ticket): void {
  state.deadlines.arm(ticket.deadline, Math.min(ticket.accessAtMs, ticket.deadlineAtMs, ticket.waitAtMs))
}

/** Takes a ticket out of everything it stands in. Every end of a ticket comes through here, once. */
export function settleTicket(state: State, ticket: Ticket): void {
  const { slot } = ticket.demand.model
  state.tickets.delete(ticket.id)
  state.deadlines.disarm(ticket.deadline)
  if (slot.pendingSwap === ticket) slot.pendingSwap = undefined
  if (ticket.spec === undefined) {
    ticket.demand.queues[ticket.kind].remove(ticket)
    slot.waiting--
  }
  state.dirty.add(slot)
}

export function reject(
  state: State,
  ticket: Ticket,
  code: RejectionCode,
  details: Partial<Rejection> = {},
): void {
  const rejection: Rejection = {
    code,
    waitedMs: state.nowMs - ticket.arrivedAtMs,
    waitingFor: whatItWaitsFor(ticket),
    ...details,
  }
  settleTicket(state, ticket)
  state.effects.push({ type: 'reject', ticket: ticket.id, rejection })
}

export function rejectAll(
  state: State,
  demand: Demand,
  code: RejectionCode,
  details: Partial<Rejection> = {},
): void {
  for (const queue of Object.values(demand.queues)) {
    for (const ticket of [...queue]) reject(state, ticket, code, details)
  }
}

export function ready(state: State, ticket: Ticket, resident: Resident): void {
  settleTicket(state, ticket)
  state.effects.push({ type: 'ready', ticket: ticket.id, generation: resident.generation })
}

export function whatItWaitsFor(ticket: Ticket): WaitingFor {
  const { slot } = ticket.demand.model
  const { current, incoming } = slot
  if (ticket.spec === undefined && current && satisfies(current, ticket.demand)) {
    return slot.drain ? 'leases to end' : 'a free place'
  }
  // A swap waits for its own load, and not for the one of the version that it is to replace.
  const isMine = ticket.spec ? incoming?.swap === ticket : incoming?.demand === ticket.demand
  if (isMine && incoming?.phase.type === 'loading') return 'the load'
  if (isMine && incoming?.phase.type === 'queued') {
    const { blockedBy } = incoming.phase
    if (blockedBy === 'memory') return 'memory'
    if (blockedBy === 'parallel') return 'another load'
    if (blockedBy === 'leases') return 'leases to end'
    return blockedBy === 'unload' ? 'an unload' : 'nothing'
  }
  if (incoming) return 'another load'
  return slot.drain ? 'leases to end' : 'a free place'
}

/** A ticket's time is over. Of several limits that passed together the caller's own is named. */
export function expireTicket(state: State, ticket: Ticket): void {
  const { slot } = ticket.demand.model
  const details = { retryAfterMs: retryAfterMs(slot) }
  if (ticket.deadlineAtMs <= state.nowMs) return reject(state, ticket, 'DEADLINE_EXCEEDED', details)
  if (ticket.accessAtMs <= state.nowMs) return reject(state, ticket, 'ACCESS_TIMEOUT', details)
  if (awaitsLoad(slot, ticket.demand)) return reject(state, ticket, 'WAIT_TIMEOUT', details)
  // The load it had patience with is over; what it waits for now has other limits.
  ticket.waitAtMs = Infinity
  armTicket(state, ticket)
}
