import { closeNow } from './closing.ts'
import type { Deadline } from './deadlines.ts'
import { giveUp, loadAborted, loadTimedOut, openDoor, slotAborting } from './loading.ts'
import { retryPreload } from './planning.ts'
import { forget, isQuiet, kill, retire, runTimedOut } from './residents.ts'
import type { Slot, State } from './state.ts'
import { expireTicket } from './tickets.ts'

/** What is due happens. Whoever is named may have gone: then nothing does. */
export function expire(state: State, { expiry }: Deadline): void {
  switch (expiry.type) {
    case 'ticket': {
      const ticket = state.tickets.get(expiry.ticket)
      if (ticket) expireTicket(state, ticket)
      return
    }
    case 'load':
      return loadTimedOut(state, slotOf(state, expiry.slot))
    case 'abandon':
      return abandon(state, expiry.generation)
    case 'drain':
      return drainTimedOut(state, slotOf(state, expiry.slot))
    case 'run': {
      const resident = state.residents.get(expiry.generation)
      if (resident) runTimedOut(state, resident, expiry.run)
      return
    }
    case 'plan':
      state.dirty.add(slotOf(state, expiry.slot))
      return
    case 'retry': {
      const model = state.models.get(expiry.model)
      if (model) retryPreload(state, model)
      return
    }
    case 'long-lease':
      return warnOfLease(state, expiry.lease)
    case 'grace':
      return closeNow(state)
    case 'idle': {
      const resident = state.residents.get(expiry.generation)
      if (resident?.phase === 'ready' && isQuiet(resident)) retire(state, resident, 'idle')
      return
    }
    default:
      expiry satisfies never
  }
}

function slotOf(state: State, name: string): Slot {
  return state.slots.get(name) as Slot
}

/** What was to end has not: a resident's thread is killed first, and then it is written off. */
function abandon(state: State, generation: number): void {
  const resident = state.residents.get(generation)
  if (resident?.phase === 'disposing') return kill(state, resident, 'stuck')
  const aborting = slotAborting(state, generation)?.aborting.get(generation)
  const model = resident?.demand.model.name ?? aborting?.model ?? ''
  const detail = `generation ${generation} did not end in time; its memory is no longer counted`
  state.effects.push({ type: 'warn', model, code: 'abandoned', detail })
  if (resident) forget(state, resident)
  else loadAborted(state, generation)
}

/** The leases behind a closed door did not end in time: it opens again. */
function drainTimedOut(state: State, slot: Slot): void {
  const beneficiary = slot.drain?.beneficiary ?? slot
  if (beneficiary === slot) {
    if (slot.incoming?.phase.type !== 'queued') return
    const held = [...state.leases.values()].filter((lease) => lease.resident.slot === slot)
    const oldestMs = Math.max(0, ...held.map((lease) => state.nowMs - lease.grantedAtMs))
    const numbers = {
      leases: held.length,
      oldestLeaseMs: oldestMs,
      drainTimeoutMs: slot.limits.drainTimeoutMs,
    }
    return giveUp(state, slot, 'DRAIN_TIMEOUT', { numbers })
  }
  openDoor(state, slot)
  const phase = beneficiary.incoming?.phase
  if (phase?.type === 'queued') phase.nextDrainAtMs = state.nowMs + beneficiary.limits.maxSwapWaitMs
}

function warnOfLease(state: State, id: number): void {
  const lease = state.leases.get(id)
  if (lease === undefined) return
  const heldMs = state.nowMs - lease.grantedAtMs
  const detail = `a lease has been held for ${heldMs} ms; a run would have been stopped, a lease is only reported`
  state.effects.push({ type: 'warn', model: lease.resident.demand.model.name, code: 'long-lease', detail })
}
