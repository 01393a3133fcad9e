import type { Demand, ModelState, Resident, Slot, State } from './state.ts'
import type { Variant } from './variant.ts'
import { WaitQueue } from '../kernel/wait-queue.ts'

export function demandFor(state: State, model: ModelState, selector: string | undefined): Demand {
  const known = model.demands.get(selector)
  if (known) return known
  const policy = { weightOf: state.weightOf, agingMs: () => model.slot.limits.maxSwapWaitMs }
  const demand: Demand = {
    model,
    selector,
    queues: { lease: new WaitQueue(policy), use: new WaitQueue(policy), load: new WaitQueue(policy) },
  }
  model.demands.set(selector, demand)
  return demand
}

export function candidatesOf(demand: Demand): readonly Variant[] {
  return demand.model.spec.candidates(demand.selector)
}

export function waitingFor(demand: Demand): number {
  const { lease, use, load } = demand.queues
  return lease.size + use.size + load.size
}

export function* demandsOf(slot: Slot): Generator<Demand> {
  for (const model of slot.models) yield* model.demands.values()
}

/**
 * Whether the resident is what the demand wants: it was loaded for this very demand (then it may be a fallback, which serves
 * while it is in force), or it is the demand's first choice. An explicit dtype is never answered by another.
 */
export function satisfies(resident: Resident, demand: Demand): boolean {
  if (resident.demand === demand) return true
  return resident.demand.model === demand.model && candidatesOf(demand)[0]?.id === resident.variant.id
}

/** Whether those who want this wait for the load in the slot, and not for a place on what serves beside it. */
export function awaitsLoad({ current, incoming }: Slot, demand: Demand): boolean {
  return incoming?.demand === demand && !(current && satisfies(current, demand))
}

/** Of the demands that pass: the one whose most urgent ticket is the most urgent of all. */
export function mostUrgent(slot: Slot, passes: (demand: Demand) => boolean): Demand | undefined {
  let best: Demand | undefined
  let bestMs = Infinity
  for (const demand of demandsOf(slot)) {
    if (waitingFor(demand) === 0 || !passes(demand)) continue
    const { lease, use, load } = demand.queues
    const urgencyMs = Math.min(lease.urgencyMs(), use.urgencyMs(), load.urgencyMs())
    if (urgencyMs < bestMs) {
      best = demand
      bestMs = urgencyMs
    }
  }
  return best
}

export function oldestArrivalMs(demand: Demand): number {
  const { lease, use, load } = demand.queues
  return Math.min(
    lease.oldest?.arrivedAtMs ?? Infinity,
    use.oldest?.arrivedAtMs ?? Infinity,
    load.oldest?.arrivedAtMs ?? Infinity,
  )
}
