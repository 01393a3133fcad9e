import { mostUrgent, satisfies } from './demand.ts'
import type { LeaseKind } from './events.ts'
import { limitOf, noteHold } from './pace.ts'
import { afterUse, keepAlive } from './residents.ts'
import type { Demand, Lease, ModelState, Resident, Slot, State, Ticket } from './state.ts'
import { ready, settleTicket } from './tickets.ts'

export function hasFreePlace(resident: Resident, kind: LeaseKind): boolean {
  return resident.leases[kind] < limitOf(resident.slot, kind)
}

/** Grants a lease in the very step in which the resident was found: nothing can come in between. */
export function grant(
  state: State,
  resident: Resident,
  request: {
    ticket: number
    kind: LeaseKind
    model: ModelState
    arrivedAtMs: number
    keepAliveMs: number | undefined
  },
): void {
  const id = state.nextLease++
  const { useTimeoutMs } = resident.slot.limits
  const isWatched = request.kind === 'lease' && useTimeoutMs !== Infinity
  const deadline = isWatched ? state.deadlines.create({ type: 'long-lease', lease: id }) : undefined
  const lease: Lease = {
    id,
    kind: request.kind,
    resident,
    grantedAtMs: state.nowMs,
    keepAliveMs: request.keepAliveMs,
    deadline,
  }
  if (deadline) state.deadlines.arm(deadline, state.nowMs + useTimeoutMs)
  state.leases.set(id, lease)
  resident.leases[request.kind]++
  resident.useCount++
  resident.lastUsedAtMs = state.nowMs
  request.model.lastAccessAtMs = state.nowMs
  state.deadlines.disarm(resident.idle)
  const { generation } = resident
  const loadMs = Math.max(0, resident.readyAtMs - request.arrivedAtMs)
  state.effects.push({ type: 'grant', ticket: request.ticket, lease: id, generation, loadMs })
}

function grantTicket(state: State, resident: Resident, ticket: Ticket, kind: LeaseKind): void {
  settleTicket(state, ticket)
  const { arrivedAtMs, keepAliveMs } = ticket
  grant(state, resident, { ticket: ticket.id, kind, model: ticket.demand.model, arrivedAtMs, keepAliveMs })
}

/** Hands every free place to the one that is next, as long as the door is open. */
export function serve(state: State, slot: Slot): void {
  const resident = slot.current
  if (resident === undefined || slot.drain || slot.waiting === 0) return
  const isMine = (demand: Demand): boolean => satisfies(resident, demand)
  for (const kind of ['lease', 'use'] as const) {
    while (hasFreePlace(resident, kind)) {
      const demand = mostUrgent(slot, (demand) => demand.queues[kind].size > 0 && isMine(demand))
      const ticket = demand?.queues[kind].take(state.nowMs)
      if (ticket === undefined) break
      grantTicket(state, resident, ticket, kind)
    }
  }
  for (;;) {
    const demand = mostUrgent(slot, (demand) => demand.queues.load.size > 0 && isMine(demand))
    const ticket = demand?.queues.load.take(state.nowMs)
    if (ticket === undefined) break
    if (ticket.keepAliveMs !== undefined) keepAlive(state, resident, ticket.keepAliveMs)
    ready(state, ticket, resident)
  }
}

/** Idempotent: a lease that has ended, or was revoked, is released without effect. */
export function release(state: State, id: number): void {
  const lease = state.leases.get(id)
  if (lease === undefined) return
  const { resident, kind } = lease
  endLease(state, lease)
  resident.lastUsedAtMs = state.nowMs
  resident.demand.model.lastAccessAtMs = state.nowMs
  // The use that ends last decides; without a wish of its own it restores the default.
  resident.keepAliveMs = lease.keepAliveMs ?? resident.demand.model.defaultKeepAliveMs
  noteHold(resident.slot.pace, kind, state.nowMs - lease.grantedAtMs)
  afterUse(state, resident)
}

function endLease(state: State, lease: Lease): void {
  state.leases.delete(lease.id)
  lease.resident.leases[lease.kind]--
  if (lease.deadline) state.deadlines.disarm(lease.deadline)
}
