import type { UnloadReason } from '../kernel/runtime-events.ts'
import { noteLoss } from './back-off.ts'
import type { RevokeReason } from './effects.ts'
import { DISPOSE_TIMEOUT_MS, STOP_GRACE_MS } from './limits.ts'
import type { ModelState, Resident, Slot, State } from './state.ts'

/** Nobody holds it and nothing runs in it: only then may it be disposed. */
export function isQuiet(resident: Resident): boolean {
  return resident.leases.lease === 0 && resident.leases.use === 0 && resident.runs.size === 0
}

/** Takes it out of use: who holds it may finish, nobody new gets it. */
export function retire(state: State, resident: Resident, reason: UnloadReason): void {
  leaveSlot(state, resident, reason)
  resident.phase = 'draining'
  if (isQuiet(resident)) dispose(state, resident)
}

/** Ends it whatever it does: its leases are revoked. */
export function kill(state: State, resident: Resident, reason: RevokeReason, cause?: unknown): void {
  leaveSlot(state, resident, reason)
  resident.phase = 'killing'
  revokeLeases(state, resident, reason, cause)
  for (const { deadline } of resident.runs.values()) state.deadlines.disarm(deadline)
  resident.runs.clear()
  const { generation, demand } = resident
  state.effects.push({ type: 'kill', generation, model: demand.model.name, reason, cause })
  state.deadlines.arm(resident.end, state.nowMs + STOP_GRACE_MS)
}

/** Its thread died by itself, or hangs: the key may be loaded again, after a back-off if that happens repeatedly. */
export function lose(state: State, resident: Resident, reason: 'lost' | 'stuck', error: unknown): void {
  if (resident.phase === 'killing') return
  const { model } = resident.demand
  noteLoss(state, resident, error)
  model.lastError = error
  kill(state, resident, reason, error)
  armRetry(state, model, state.backOff.get(resident.variant.id)?.nextRetryAtMs ?? state.nowMs)
}

/** A model that is to be there always is loaded again by itself, unless everything ends. */
export function armRetry(state: State, model: ModelState, atMs: number): void {
  if (model.isPreloaded && state.closing === undefined) state.deadlines.arm(model.retry, atMs)
}

function leaveSlot(state: State, resident: Resident, reason: UnloadReason): void {
  const { slot } = resident
  if (slot.current === resident) {
    slot.current = undefined
    slot.drain = undefined
    state.deadlines.disarm(slot.drainDeadline)
  }
  slot.retiring.add(resident)
  resident.reason ??= reason
  state.deadlines.disarm(resident.idle)
  state.dirty.add(slot)
}

function dispose(state: State, resident: Resident): void {
  resident.phase = 'disposing'
  state.effects.push({ type: 'dispose', generation: resident.generation })
  state.deadlines.arm(resident.end, state.nowMs + DISPOSE_TIMEOUT_MS)
}

function revokeLeases(state: State, resident: Resident, reason: RevokeReason, cause: unknown): void {
  for (const lease of state.leases.values()) {
    if (lease.resident !== resident) continue
    state.leases.delete(lease.id)
    if (lease.deadline) state.deadlines.disarm(lease.deadline)
    state.effects.push({ type: 'revoke', lease: lease.id, reason, cause })
  }
  resident.leases.lease = 0
  resident.leases.use = 0
}

/** To be called when a lease or a run has ended. */
export function afterUse(state: State, resident: Resident): void {
  const { slot } = resident
  // Only who waits, or waits for this one to be idle, needs another look.
  if (slot.waiting > 0 || slot.incoming || slot.pendingSwap || state.queued.size > 0) state.dirty.add(slot)
  if (!isQuiet(resident)) return
  if (resident.phase === 'draining') dispose(state, resident)
  else if (resident.phase === 'ready') armIdle(state, resident)
}

/** The idle clock starts at the end of the last use. */
export function armIdle(state: State, resident: Resident): void {
  if (resident.phase !== 'ready' || !isQuiet(resident)) return
  const { keepAliveMs, demand, idle } = resident
  const isKept = demand.model.isPinned || keepAliveMs < 0
  state.deadlines.arm(idle, isKept ? Infinity : state.nowMs + keepAliveMs)
}

/** From now on, for as long as it is idle. */
export function keepAlive(state: State, resident: Resident, keepAliveMs: number): void {
  resident.keepAliveMs = keepAliveMs
  armIdle(state, resident)
}

export function startRun(state: State, resident: Resident, run: number): void {
  if (resident.phase === 'killing' || resident.runs.has(run)) return
  const { generation, slot } = resident
  const deadline = state.deadlines.create({ type: 'run', generation, run })
  state.deadlines.arm(deadline, state.nowMs + slot.limits.useTimeoutMs)
  resident.runs.set(run, { deadline, wasStopped: false })
  state.deadlines.disarm(resident.idle)
}

export function endRun(state: State, resident: Resident, run: number): void {
  const known = resident.runs.get(run)
  if (known === undefined) return
  state.deadlines.disarm(known.deadline)
  resident.runs.delete(run)
  resident.lastUsedAtMs = state.nowMs
  afterUse(state, resident)
}

/** A run is past its limit: first it is told to stop, and if that does not help its thread is ended. */
export function runTimedOut(state: State, resident: Resident, run: number): void {
  const known = resident.runs.get(run)
  if (known === undefined) return
  const { name } = resident.demand.model
  const limitMs = resident.slot.limits.useTimeoutMs
  if (known.wasStopped) {
    const error = new Error(
      `a run of ${resident.variant.label} did not stop ${STOP_GRACE_MS} ms after it was told to`,
    )
    return lose(state, resident, 'stuck', error)
  }
  known.wasStopped = true
  state.deadlines.arm(known.deadline, state.nowMs + STOP_GRACE_MS)
  state.effects.push({ type: 'stop-run', generation: resident.generation, run })
  const detail = `a run takes longer than ${limitMs} ms; it was told to stop`
  state.effects.push({ type: 'warn', model: name, code: 'stuck-run', detail })
}

/** It has ended and its memory is back. */
export function forget(state: State, resident: Resident): void {
  const { slot, generation, variant, demand } = resident
  const reason = resident.reason ?? 'requested'
  state.residents.delete(generation)
  slot.retiring.delete(resident)
  state.deadlines.disarm(resident.end)
  demand.model.lastUnloadReason = reason
  state.effects.push({ type: 'gone', generation, model: demand.model.name, label: variant.label, reason })
  state.dirty.add(slot)
}

export function isUnloading(slot: Slot): boolean {
  for (const resident of slot.retiring) if (resident.phase !== 'draining') return true
  return slot.aborting.size > 0
}
