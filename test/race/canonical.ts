import { backOffOf } from '../../src/scheduler/back-off.ts'
import { demandsOf } from '../../src/scheduler/demand.ts'
import type { Incoming, Resident, Slot, State, Ticket } from '../../src/scheduler/state.ts'
import type { World } from './world.ts'

/**
 * A state without what does not matter for what can happen next: numbers become ranks, times become the order in which they
 * come, and of times that have passed only that they have. Two states with the same text have the same futures, as far as
 * the actions of a slice can tell.
 */
export function canonical(world: World): string {
  const { state } = world.scheduler
  const names = new Names()
  const slots = [...state.slots.values()].map((slot) => slotText(world, slot, names))
  const versions = [...state.models.values()].map(({ spec, isPinned }) => [
    names.of('variant', spec.candidates(undefined)[0]?.id ?? ''),
    isPinned,
  ])
  const order = state.deadlines.inOrder().map(({ expiry }) => {
    if ('generation' in expiry) return `${expiry.type}${names.of('generation', expiry.generation)}`
    if ('ticket' in expiry) return `t${names.of('ticket', expiry.ticket)}`
    if ('lease' in expiry) return expiry.type
    return `${expiry.type}${'slot' in expiry ? expiry.slot : 'model' in expiry ? expiry.model : ''}`
  })
  const backOff = [...state.backOff]
    .map(([id, it]) => [
      names.of('variant', id),
      Math.min(it.failures, 1),
      Math.min(it.losses, 2),
      it.nextRetryAtMs > state.nowMs,
    ])
    .map((it) => JSON.stringify(it))
    .sort((a, b) => (a < b ? -1 : 1))
  const queued = [...state.queued].map(({ name }) => name)
  const outside = world
    .inState('loading', 'aborting', 'open', 'closing')
    .map((generation) => [names.of('generation', generation), world.generations.get(generation)?.state])
  return JSON.stringify([
    slots,
    versions,
    order,
    backOff,
    queued,
    outside,
    state.closing?.phase,
    state.pressure,
  ])
}

/** Names by the order in which they are met. */
class Names {
  readonly #known = new Map<string, number>()

  of(kind: string, value: string | number): number {
    const key = `${kind}:${value}`
    const known = this.#known.get(key) ?? this.#known.size
    this.#known.set(key, known)
    return known
  }
}

function slotText(world: World, slot: Slot, names: Names): unknown {
  const { state } = world.scheduler
  const residents = [...state.residents.values()].filter((it) => it.slot === slot)
  return [
    slot.current && names.of('generation', slot.current.generation),
    residents.map((resident) => residentText(state, resident, names)),
    slot.incoming && incomingText(state, slot.incoming, names),
    [...slot.aborting.keys()].map((generation) => names.of('generation', generation)),
    slot.drain?.beneficiary.name,
    slot.pendingSwap && names.of('ticket', slot.pendingSwap.id),
    [...demandsOf(slot)].map(({ selector, queues }) => [
      selector,
      ...Object.values(queues).map((queue) => [...queue].map((ticket) => ticketText(state, ticket, names))),
    ]),
  ]
}

function residentText(state: State, resident: Resident, names: Names): unknown {
  const { generation, variant, phase, leases, useCount, runs, slot, demand } = resident
  // Which of the residents is the least recently used decides who is evicted.
  const rank = [...state.residents.values()].filter((it) => it.lastUsedAtMs < resident.lastUsedAtMs).length
  return [
    names.of('generation', generation),
    names.of('variant', variant.id),
    demand.selector,
    phase,
    leases.lease,
    leases.use,
    Math.min(useCount, 1),
    [...runs.values()].map(({ wasStopped }) => wasStopped),
    rank,
    state.nowMs - resident.readyAtMs >= slot.limits.minResidencyMs,
    resident.keepAliveMs,
    resident.isFallback,
  ]
}

function incomingText(state: State, incoming: Incoming, names: Names): unknown {
  const { phase, index, mode, origin, swap, demand, displaced, failures, candidates } = incoming
  const slotLimits = demand.model.slot.limits
  const hasWaited = state.nowMs - incoming.plannedAtMs >= slotLimits.maxSwapWaitMs
  return [
    demand.model.name,
    demand.selector,
    index,
    mode,
    origin,
    swap && names.of('ticket', swap.id),
    displaced && [displaced.model.name, displaced.selector],
    failures.length,
    hasWaited,
    candidates.map((variant) => [names.of('variant', variant.id), backOffOf(state, variant) !== undefined]),
    phase.type === 'loading'
      ? names.of('generation', phase.generation)
      : [phase.blockedBy, phase.nextDrainAtMs > state.nowMs],
  ]
}

function ticketText(state: State, ticket: Ticket, names: Names): unknown {
  const { id, kind, priority, tenant, arrivedAtMs, waitAtMs, demand } = ticket
  const { maxSwapWaitMs } = demand.model.slot.limits
  const levels = Math.min(priority, Math.floor((state.nowMs - arrivedAtMs) / maxSwapWaitMs))
  return [names.of('ticket', id), kind, priority - levels, tenant, waitAtMs === Infinity]
}
