import { demandsOf, waitingFor } from '../scheduler/demand.ts'
import type { WaitingFor } from '../scheduler/effects.ts'
import type { State, Ticket } from '../scheduler/state.ts'
import { whatItWaitsFor } from '../scheduler/tickets.ts'

export interface Explanation {
  model: string
  /** Those that wait for this model, in the order of their arrival. */
  waiting: WaitingTicket[]
  /** All that wait in its slot, for this model or another. */
  waitingInSlot: number
  /** What is in the slot, and who holds it. */
  resident?: { servedBy: string; leases: number; uses: number; runs: number; isDoorClosed: boolean }
  /** What comes into the slot, and what that waits for. */
  incoming?: { servedBy: string; waitsFor: string; sinceMs: number }
  lastUnloadReason?: string
}

export interface WaitingTicket {
  /** 1 is next by arrival; priority and tenant may let others pass. */
  place: number
  kind: string
  priority: number
  tenant: string
  waitedMs: number
  waitsFor: WaitingFor
}

/** Says in words what the state means for one model. */
export function explain(state: State, name: string): Explanation {
  const model = state.models.get(name)
  if (model === undefined) throw new Error(`the scheduler knows no model ${name}`)
  const { slot, lastUnloadReason } = model
  const { current, incoming } = slot
  const tickets: Ticket[] = []
  for (const demand of demandsOf(slot)) {
    if (demand.model === model && waitingFor(demand) > 0) {
      for (const queue of Object.values(demand.queues)) tickets.push(...queue)
    }
  }
  tickets.sort((a, b) => a.id - b.id)
  return {
    model: name,
    waiting: tickets.map((ticket, index) => ({
      place: index + 1,
      kind: ticket.kind,
      priority: ticket.priority,
      tenant: ticket.tenant,
      waitedMs: state.nowMs - ticket.arrivedAtMs,
      waitsFor: whatItWaitsFor(ticket),
    })),
    waitingInSlot: slot.waiting,
    ...(current && {
      resident: {
        servedBy: current.variant.label,
        leases: current.leases.lease,
        uses: current.leases.use,
        runs: current.runs.size,
        isDoorClosed: slot.drain !== undefined,
      },
    }),
    ...(incoming && {
      incoming: {
        servedBy: incoming.candidates[incoming.index]?.label ?? '',
        waitsFor: incoming.phase.type === 'loading' ? 'its load' : incoming.phase.blockedBy,
        sinceMs: state.nowMs - incoming.plannedAtMs,
      },
    }),
    ...(lastUnloadReason !== undefined && { lastUnloadReason }),
  }
}
