import { candidateOf, giveUp, startLoad, tryNextCandidate } from './loading.ts'
import { bytesBeingFreed, committedBytes, estimateOf, evictFor, victimsInUse } from './memory.ts'
import { isQuiet, isUnloading, retire } from './residents.ts'
import type { Blocker, Incoming, IncomingPhase, Slot, State } from './state.ts'

/**
 * Starts every planned load for which there is room, in the order in which they were planned, and makes room where that can
 * be done. A load that cannot start does not hold up those behind it, unless it has waited so long that it is its turn.
 */
export function advance(state: State): void {
  let reservedBytes = 0
  for (const slot of [...state.queued]) {
    const incoming = slot.incoming as Incoming
    if (incoming.phase.type !== 'queued') continue
    if (refuseTooLarge(state, slot, incoming)) continue
    const blockedBy = blockerInRuntime(state) ?? blockerInSlot(state, slot, incoming)
    if (blockedBy) incoming.phase.blockedBy = blockedBy
    else reservedBytes += startWithin(state, slot, incoming, incoming.phase, reservedBytes)
  }
}

/** What can never fit is not waited for. */
function refuseTooLarge(state: State, slot: Slot, incoming: Incoming): boolean {
  const { memoryBudgetBytes } = state.limits
  const neededBytes = estimateOf(state, candidateOf(incoming))
  if (neededBytes <= memoryBudgetBytes) return false
  if (tryNextCandidate(state, slot, incoming)) return true
  giveUp(state, slot, 'MEMORY_BUDGET', { numbers: { neededBytes, budgetBytes: memoryBudgetBytes } })
  return true
}

/** What is still in the slot has to be out of it; an overlap waits for an aborted load of its own slot only. */
function blockerInSlot(state: State, slot: Slot, incoming: Incoming): Blocker | undefined {
  const { current } = slot
  if (incoming.mode === 'drain' && current) {
    if (!isQuiet(current)) {
      closeDoor(state, slot, slot)
      return 'leases'
    }
    retire(state, current, 'swapped')
  }
  if (incoming.mode === 'overlap') return slot.aborting.size > 0 ? 'unload' : undefined
  if (isUnloading(slot)) return 'unload'
  for (const resident of slot.retiring) {
    // An older generation of the same model may be held for long; of another model, the slot is not free.
    if (resident.demand.model === incoming.demand.model) continue
    state.deadlines.arm(slot.drainDeadline, incoming.plannedAtMs + slot.limits.drainTimeoutMs)
    return 'leases'
  }
  return undefined
}

function blockerInRuntime(state: State): Blocker | undefined {
  let loading = 0
  for (const slot of state.slots.values()) if (slot.incoming?.phase.type === 'loading') loading++
  return loading >= state.limits.maxParallelLoads ? 'parallel' : undefined
}

/** Starts the load if its memory is there; answers what it keeps from those behind it. */
function startWithin(
  state: State,
  slot: Slot,
  incoming: Incoming,
  phase: IncomingPhase & { type: 'queued' },
  reservedBytes: number,
): number {
  const { memoryBudgetBytes } = state.limits
  const neededBytes = estimateOf(state, candidateOf(incoming))
  const excessBytes = committedBytes(state) + reservedBytes + neededBytes - memoryBudgetBytes
  if (excessBytes <= 0) {
    startLoad(state, slot, incoming)
    return 0
  }
  phase.blockedBy = 'memory'
  const shortfallBytes = excessBytes - bytesBeingFreed(state)
  if (shortfallBytes <= 0 || evictFor(state, shortfallBytes, slot)) return neededBytes
  if (incoming.mode === 'overlap') {
    // The room was taken meanwhile: the old one has to go first after all.
    incoming.mode = 'drain'
    state.dirty.add(slot)
    return 0
  }
  return makeRoom(state, slot, incoming, phase, shortfallBytes) ? neededBytes : 0
}

/**
 * Nothing is idle. After `maxSwapWaitMs` the doors of residents in use are closed until they are idle: a model that is never
 * idle would otherwise keep the others out for ever. Answers whether it is this load's turn.
 */
function makeRoom(
  state: State,
  slot: Slot,
  incoming: Incoming,
  phase: IncomingPhase & { type: 'queued' },
  shortfallBytes: number,
): boolean {
  const turnAtMs = Math.max(incoming.plannedAtMs + slot.limits.maxSwapWaitMs, phase.nextDrainAtMs)
  if (turnAtMs > state.nowMs) {
    state.deadlines.arm(slot.plan, turnAtMs)
    return false
  }
  const closed = [...state.slots.values()].filter((it) => it.drain?.beneficiary === slot)
  const victims =
    closed.length > 0 ? closed.map((it) => it.current) : victimsInUse(state, shortfallBytes, slot)
  for (const victim of victims) {
    if (victim === undefined) continue
    if (isQuiet(victim)) retire(state, victim, 'evicted')
    else closeDoor(state, victim.slot, slot)
  }
  return true
}

function closeDoor(state: State, slot: Slot, beneficiary: Slot): void {
  if (slot.drain) return
  slot.drain = { beneficiary, sinceMs: state.nowMs }
  state.deadlines.arm(slot.drainDeadline, state.nowMs + slot.limits.drainTimeoutMs)
}
