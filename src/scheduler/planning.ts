import { backOffOf } from './back-off.ts'
import { candidatesOf, demandFor, mostUrgent, oldestArrivalMs, satisfies } from './demand.ts'
import type { SwapMode } from './effects.ts'
import { abortIncoming, isUnwanted, planLoad } from './loading.ts'
import { bytesBeingFreed, committedBytes, couldEvict, estimateOf } from './memory.ts'
import { isQuiet } from './residents.ts'
import type { Demand, Resident, Slot, State, Ticket } from './state.ts'
import { rejectAll } from './tickets.ts'
import type { Variant } from './variant.ts'

/** Decides what comes into a slot next, and when. Called whenever something about the slot has changed. */
export function plan(state: State, slot: Slot): void {
  if (state.closing && state.closing.phase !== 'grace') return
  dropUnwanted(state, slot)
  if (slot.incoming) return
  if (slot.pendingSwap) return planSwap(state, slot, slot.pendingSwap)
  for (;;) {
    const { current } = slot
    const demand = mostUrgent(slot, (demand) => current === undefined || !satisfies(current, demand))
    if (demand === undefined) return state.deadlines.disarm(slot.plan)
    const ignoresBackOff = demand.queues.load.size > 0
    if (!ignoresBackOff && refusedByBackOff(state, demand)) continue
    if (current === undefined) {
      return planLoad(state, slot, demand, { mode: 'fill', origin: 'tickets', ignoresBackOff })
    }
    const mode = swapMode(state, current, candidatesOf(demand)[0], demand)
    const dueAtMs = swapDueAtMs(current, demand, mode)
    if (dueAtMs > state.nowMs) return state.deadlines.arm(slot.plan, dueAtMs)
    const displaced = current.demand
    return planLoad(state, slot, demand, { mode, origin: 'tickets', ignoresBackOff, displaced })
  }
}

/** A load that has not begun is dropped with its last waiter, however that one left. */
function dropUnwanted(state: State, slot: Slot): void {
  const { incoming } = slot
  if (incoming?.phase.type === 'queued' && isUnwanted(state, incoming)) abortIncoming(state, slot)
}

/** A swap that was asked for does not wait its turn: only for room, or for the leases. */
function planSwap(state: State, slot: Slot, swap: Ticket): void {
  const { demand } = swap
  const { current } = slot
  slot.pendingSwap = undefined
  if (current === undefined) {
    return planLoad(state, slot, demand, { mode: 'fill', origin: 'tickets', swap, ignoresBackOff: true })
  }
  const mode = swapMode(state, current, swap.spec?.candidates(undefined)[0], demand)
  const displaced = current.demand
  planLoad(state, slot, demand, { mode, origin: 'tickets', swap, ignoresBackOff: true, displaced })
}

/** Beside the old one when it is the same model and there is room for both; else the old one has to go first. */
function swapMode(state: State, current: Resident, next: Variant | undefined, demand: Demand): SwapMode {
  if (current.demand.model !== demand.model || next === undefined) return 'drain'
  const neededBytes = committedBytes(state) + estimateOf(state, next) - bytesBeingFreed(state)
  const shortfallBytes = neededBytes - state.limits.memoryBudgetBytes
  return shortfallBytes <= 0 || couldEvict(state, shortfallBytes, current.slot) ? 'overlap' : 'drain'
}

/**
 * Against thrash: a resident stays for a while, and those who want it are served together; against starvation: who wants
 * another key waits for its turn only so long. An overlap disturbs nobody and so waits for the first bound alone.
 */
function swapDueAtMs(current: Resident, demand: Demand, mode: SwapMode): number {
  const { limits } = current.slot
  // A pinned model may change its dtype, but does not make room for another.
  if (mode === 'drain' && current.demand.model.isPinned) return Infinity
  const residentUntilMs = current.readyAtMs + limits.minResidencyMs
  if (mode === 'overlap' || isQuiet(current)) return residentUntilMs
  return Math.max(residentUntilMs, oldestArrivalMs(demand) + limits.maxSwapWaitMs)
}

/** Every candidate failed not long ago: those who wait hear why instead of trying again. */
function refusedByBackOff(state: State, demand: Demand): boolean {
  const known = candidatesOf(demand).map((variant) => backOffOf(state, variant))
  const first = known[0]
  if (first === undefined || known.includes(undefined)) return false
  const nextRetryAtMs = Math.min(...known.map((it) => it?.nextRetryAtMs ?? Infinity))
  rejectAll(state, demand, 'MODEL_LOAD', { cause: first.error, retryAfterMs: nextRetryAtMs - state.nowMs })
  return true
}

/** A preloaded model is tried again by itself. */
export function retryPreload(state: State, model: Demand['model']): void {
  const { slot } = model
  if (slot.current || slot.incoming || state.closing) return
  planLoad(state, slot, demandFor(state, model, undefined), { mode: 'fill', origin: 'retry' })
}
