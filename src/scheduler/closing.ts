import { abortIncoming } from './loading.ts'
import { isQuiet, kill, retire } from './residents.ts'
import type { State } from './state.ts'
import { reject } from './tickets.ts'

/** Nothing new is admitted from now on; what was admitted has `graceMs`. A second call can only shorten it. */
export function beginClose(state: State, graceMs: number): void {
  state.closing ??= { phase: 'grace', deadline: state.deadlines.create({ type: 'grace' }) }
  const { phase, deadline } = state.closing
  if (phase === 'grace') state.deadlines.arm(deadline, Math.min(deadline.atMs, state.nowMs + graceMs))
}

/** After every event: is the work done, is everything gone? */
export function advanceClosing(state: State): void {
  if (state.closing?.phase === 'grace' && !isWorking(state)) closeNow(state)
  if (state.closing?.phase !== 'aborting' || state.residents.size > 0) return
  for (const slot of state.slots.values()) if (slot.aborting.size > 0) return
  state.closing.phase = 'closed'
  state.effects.push({ type: 'closed' })
}

function isWorking(state: State): boolean {
  if (state.tickets.size > 0 || state.leases.size > 0) return true
  for (const resident of state.residents.values()) if (resident.runs.size > 0) return true
  return false
}

/** Ends what is left. */
export function closeNow(state: State): void {
  if (state.closing?.phase !== 'grace') return
  state.closing.phase = 'aborting'
  state.deadlines.disarm(state.closing.deadline)
  for (const ticket of [...state.tickets.values()]) reject(state, ticket, 'SHUTDOWN')
  for (const slot of state.slots.values()) {
    abortIncoming(state, slot)
    state.deadlines.disarm(slot.plan)
    state.deadlines.disarm(slot.drainDeadline)
  }
  for (const model of state.models.values()) state.deadlines.disarm(model.retry)
  for (const resident of [...state.residents.values()]) {
    if (resident.phase === 'disposing' || resident.phase === 'killing') continue
    if (isQuiet(resident)) retire(state, resident, 'shutdown')
    else kill(state, resident, 'shutdown')
  }
}
