import { satisfies, demandsOf, waitingFor } from './demand.ts'
import { isQuiet, retire } from './residents.ts'
import type { Resident, Slot, State } from './state.ts'
import type { Variant } from './variant.ts'

/** What a variant is counted with before it is loaded. */
export function estimateOf(state: State, variant: Variant): number {
  return state.measuredBytes.get(variant.id) ?? variant.estimateBytes
}

/** Residents, loads and what has not ended yet. Recounted each time: a sum that is kept would have to be kept right. */
export function committedBytes(state: State): number {
  let bytes = 0
  for (const resident of state.residents.values()) bytes += resident.bytes
  for (const slot of state.slots.values()) {
    if (slot.incoming?.phase.type === 'loading') bytes += slot.incoming.phase.bytes
    for (const aborting of slot.aborting.values()) bytes += aborting.bytes
  }
  return bytes
}

/** The part of `committedBytes` that is on its way out. */
export function bytesBeingFreed(state: State): number {
  let bytes = 0
  for (const resident of state.residents.values()) {
    if (resident.phase === 'disposing' || resident.phase === 'killing') bytes += resident.bytes
  }
  for (const slot of state.slots.values()) {
    for (const aborting of slot.aborting.values()) bytes += aborting.bytes
  }
  return bytes
}

/** Idle, not pinned, and used at least once or wanted by nobody for as long as a resident may stay. */
function isEvictable(state: State, resident: Resident): boolean {
  if (resident.phase !== 'ready' || !isQuiet(resident) || resident.demand.model.isPinned) return false
  for (const demand of demandsOf(resident.slot)) {
    if (waitingFor(demand) > 0 && satisfies(resident, demand)) return false
  }
  const residencyMs = state.nowMs - resident.readyAtMs
  return resident.useCount > 0 || residencyMs >= resident.slot.limits.minResidencyMs
}

/** Least recently used first; one that is slow to load counts as used later by the time its load takes. */
function byValue(a: Resident, b: Resident): number {
  const valueOf = (resident: Resident): number => resident.lastUsedAtMs + (resident.slot.pace.loadMs ?? 0)
  return valueOf(a) - valueOf(b) || a.generation - b.generation
}

/** Evicts as many idle residents as make up for `shortfallBytes`, or none if all of them would not. */
export function evictFor(state: State, shortfallBytes: number, beneficiary: Slot): boolean {
  const victims = enough(
    [...state.residents.values()].filter((it) => it.slot !== beneficiary && isEvictable(state, it)),
    shortfallBytes,
  )
  for (const victim of victims ?? []) retire(state, victim, 'evicted')
  return victims !== undefined
}

export function couldEvict(state: State, shortfallBytes: number, beneficiary: Slot): boolean {
  const idle = [...state.residents.values()].filter((it) => it.slot !== beneficiary && isEvictable(state, it))
  return enough(idle, shortfallBytes) !== undefined
}

/**
 * Residents in use that could make room if they were given to nobody new for a while; none if even all of them would not do.
 * Idle ones that may be evicted count as well: they go together.
 */
export function victimsInUse(state: State, shortfallBytes: number, beneficiary: Slot): Resident[] {
  const candidates = [...state.residents.values()].filter(
    (it) =>
      it.slot !== beneficiary &&
      it.phase === 'ready' &&
      !it.demand.model.isPinned &&
      it.slot.incoming === undefined &&
      it.slot.drain === undefined &&
      state.nowMs - it.readyAtMs >= it.slot.limits.minResidencyMs,
  )
  return enough(candidates, shortfallBytes) ?? []
}

function enough(residents: Resident[], shortfallBytes: number): Resident[] | undefined {
  const chosen: Resident[] = []
  let missingBytes = shortfallBytes
  for (const resident of residents.sort(byValue)) {
    if (missingBytes <= 0) break
    chosen.push(resident)
    missingBytes -= resident.bytes
  }
  return missingBytes <= 0 ? chosen : undefined
}

/** A load took more than was estimated, or the budget was lowered: idle residents go until the budget holds again, or none is left. */
export function relieve(state: State, keep?: Resident): void {
  const { memoryBudgetBytes } = state.limits
  for (;;) {
    const excessBytes = committedBytes(state) - bytesBeingFreed(state) - memoryBudgetBytes
    if (excessBytes <= 0) return
    const idle = [...state.residents.values()].filter((it) => it !== keep && isEvictable(state, it))
    const victim = idle.sort(byValue)[0]
    if (victim === undefined) {
      const detail = `${Math.round(excessBytes / 1e6)} MB over the memory budget, and nothing is idle`
      const model = keep?.demand.model.name ?? ''
      state.effects.push({ type: 'warn', model, code: 'over-budget', detail })
      return
    }
    retire(state, victim, 'evicted')
  }
}
