import type { SlotLimits } from './limits.ts'
import { newPace } from './pace.ts'
import type { ModelState, Slot, State } from './state.ts'
import type { ModelSpec } from './variant.ts'

export interface ModelSetup {
  readonly name: string
  readonly spec: ModelSpec
  /** Negative: for ever. 0: until it is idle. */
  readonly keepAliveMs: number
  readonly group?: string | undefined
  readonly isPreloaded?: boolean
  readonly isPinned?: boolean
}

export interface SlotSetup {
  readonly name: string
  /** Of the first model that names the slot; the others' are the same. */
  readonly limits: SlotLimits
}

export function addModel(state: State, model: ModelSetup, slotSetup: SlotSetup): void {
  if (state.models.has(model.name)) throw new Error(`the scheduler knows ${model.name} already`)
  const slot = state.slots.get(slotSetup.name) ?? addSlot(state, slotSetup)
  const modelState: ModelState = {
    name: model.name,
    slot,
    group: model.group,
    defaultKeepAliveMs: model.keepAliveMs,
    isPreloaded: model.isPreloaded ?? false,
    spec: model.spec,
    isPinned: model.isPinned ?? false,
    demands: new Map(),
    retry: state.deadlines.create({ type: 'retry', model: model.name }),
    lastAccessAtMs: undefined,
    lastError: undefined,
    lastUnloadReason: undefined,
  }
  slot.models.push(modelState)
  state.models.set(model.name, modelState)
}

function addSlot(state: State, { name, limits }: SlotSetup): Slot {
  const slot: Slot = {
    name,
    limits: { ...limits },
    models: [],
    current: undefined,
    incoming: undefined,
    retiring: new Set(),
    aborting: new Map(),
    pendingSwap: undefined,
    drain: undefined,
    drainDeadline: state.deadlines.create({ type: 'drain', slot: name }),
    plan: state.deadlines.create({ type: 'plan', slot: name }),
    waiting: 0,
    pace: newPace(),
  }
  state.slots.set(name, slot)
  return slot
}
