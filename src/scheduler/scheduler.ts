import { acquire, requestSwap, withdraw } from './acquire.ts'
import { advance } from './advance.ts'
import { advanceClosing, beginClose } from './closing.ts'
import { awaitsLoad } from './demand.ts'
import type { Effect } from './effects.ts'
import type { Event } from './events.ts'
import { expire } from './expire.ts'
import { release, serve } from './leases.ts'
import type { RuntimeLimits } from './limits.ts'
import { abortIncoming, loadAborted, loadEnded, loadFailed, openDoor, slotLoading } from './loading.ts'
import { relieve } from './memory.ts'
import { plan } from './planning.ts'
import { armIdle, endRun, forget, lose, retire, startRun } from './residents.ts'
import { addModel, type ModelSetup, type SlotSetup } from './setup.ts'
import { createState, type ModelState, type State } from './state.ts'
import { rejectAll } from './tickets.ts'

/** More rounds than any set of slots needs to come to rest: reaching it is a fault of ours, which must not hang a process. */
const MOST_ROUNDS = 10_000

/**
 * The deterministic core. It is told what happened and when, and answers with what is to be done; it has no clock, no
 * promise, no I/O and no randomness, so the same events always give the same effects.
 */
export class Scheduler {
  /** For status, invariants and exploration. Nobody else may change it. */
  readonly state: State

  constructor(limits: RuntimeLimits, weightOf: (tenant: string) => number = () => 1) {
    this.state = createState(limits, weightOf)
  }

  /** Models are made known before they are used; a slot is made by the first model that names it. */
  addModel(model: ModelSetup, slot: SlotSetup): void {
    addModel(this.state, model, slot)
  }

  /** When it wants to hear `tick` at the latest; `Infinity`: nothing ends by itself. */
  get wakeAtMs(): number {
    return this.state.deadlines.nextAtMs
  }

  /**
   * Time goes on to `nowMs`, then `event` happens. At equal times a deadline ends before anything is granted, and idleness comes
   * last: a request that arrives with the idle timer is served.
   */
  handle(nowMs: number, event: Event): readonly Effect[] {
    const { state } = this
    const effects: Effect[] = []
    state.effects = effects
    state.nowMs = Math.max(state.nowMs, nowMs)
    expireDue(state, 'firm')
    dispatch(state, event)
    settle(state)
    expireDue(state, 'idle')
    if (state.closing) {
      advanceClosing(state)
      settle(state)
    }
    return effects
  }
}

function expireDue(state: State, kind: 'firm' | 'idle'): void {
  for (
    let due = state.deadlines.takeDue(kind, state.nowMs);
    due !== undefined;
    due = state.deadlines.takeDue(kind, state.nowMs)
  ) {
    expire(state, due)
    settle(state)
  }
}

/** Serves, plans and starts until nothing changes any more. */
function settle(state: State): void {
  for (let round = 0; state.dirty.size > 0; round++) {
    if (round > MOST_ROUNDS) throw new Error('the scheduler does not come to rest')
    for (const slot of state.dirty) {
      state.dirty.delete(slot)
      serve(state, slot)
      plan(state, slot)
    }
    if (state.queued.size > 0) advance(state)
  }
}

function dispatch(state: State, event: Event): void {
  switch (event.type) {
    case 'acquire':
      return acquire(state, event)
    case 'release':
      return release(state, event.lease)
    case 'abort': {
      const ticket = state.tickets.get(event.ticket)
      if (ticket) withdraw(state, ticket)
      return
    }
    case 'load-progress': {
      const phase = slotLoading(state, event.generation)?.incoming?.phase
      if (phase?.type === 'loading') phase.progress = event.fraction
      return
    }
    case 'load-ended':
      return loadEnded(state, event.generation, event.memoryBytes)
    case 'load-failed':
      return loadFailed(state, event.generation, event.error)
    case 'unload-ended': {
      const resident = state.residents.get(event.generation)
      if (resident === undefined) return loadAborted(state, event.generation)
      if (resident.phase === 'disposing' || resident.phase === 'killing') forget(state, resident)
      return
    }
    case 'run-started':
    case 'run-ended':
    case 'lost': {
      const resident = state.residents.get(event.generation)
      if (resident === undefined) return
      if (event.type === 'lost') return lose(state, resident, 'lost', event.error)
      return event.type === 'run-started'
        ? startRun(state, resident, event.run)
        : endRun(state, resident, event.run)
    }
    case 'tick':
      return
    case 'configure': {
      const slot = state.slots.get(event.slot)
      if (slot === undefined) return
      Object.assign(slot.limits, event.limits)
      state.dirty.add(slot)
      return
    }
    case 'configure-runtime':
      Object.assign(state.limits, event.limits)
      relieve(state)
      for (const slot of state.slots.values()) state.dirty.add(slot)
      return
    case 'pin':
      return pin(state, event.model, event.pinned)
    case 'swap':
      return requestSwap(state, event)
    case 'unload': {
      const current = modelIn(state, event.model)?.slot.current
      if (current?.demand.model.name === event.model) retire(state, current, 'requested')
      return
    }
    case 'cancel-loading':
      return cancelLoading(state, modelIn(state, event.model))
    case 'pressure':
      state.pressure = event.level
      return
    case 'close':
      return beginClose(state, event.graceMs)
    default:
      event satisfies never
  }
}

function modelIn(state: State, name: string): ModelState | undefined {
  return state.models.get(name)
}

/** Pinned: neither idleness nor pressure for memory takes it out. */
function pin(state: State, name: string, isPinned: boolean): void {
  const model = modelIn(state, name)
  if (model === undefined) return
  const { current } = model.slot
  model.isPinned = isPinned
  // What is pinned makes no room for others, even if that had begun.
  if (isPinned && model.slot.drain && model.slot.drain.beneficiary !== model.slot) openDoor(state, model.slot)
  if (current?.demand.model === model) armIdle(state, current)
  state.dirty.add(model.slot)
}

/** Everybody who waits for the load fails, but not who waits for a place beside it; the next request starts afresh. */
function cancelLoading(state: State, model: ModelState | undefined): void {
  const incoming = model?.slot.incoming
  if (model === undefined || incoming?.demand.model !== model) return
  if (awaitsLoad(model.slot, incoming.demand)) rejectAll(state, incoming.demand, 'LOAD_CANCELLED')
  abortIncoming(state, model.slot)
}
