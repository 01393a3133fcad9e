import { committedBytes } from '../../src/scheduler/memory.ts'
import { demandsOf, satisfies, waitingFor } from '../../src/scheduler/demand.ts'
import { isQuiet } from '../../src/scheduler/residents.ts'
import type { Slot } from '../../src/scheduler/state.ts'
import { fail } from './fail.ts'
import type { World } from './world.ts'

/** The invariants of docs/concurrency.md that can be read off a state. Those about effects are in `world.ts`. */
export function checkState(world: World): void {
  const { state } = world.scheduler
  if (state.dirty.size > 0) fail('the scheduler stopped with slots to settle')
  for (const slot of state.slots.values()) checkSlot(world, slot)
  checkCounters(world)
  const bytes = committedBytes(state)
  const tolerated = Math.max(state.limits.memoryBudgetBytes, 0)
  if (bytes > tolerated) fail(`${bytes} bytes are committed of ${tolerated}`)
  if (world.isClosed) checkClosed(world)
}

function checkSlot(world: World, slot: Slot): void {
  const { state } = world.scheduler
  const { current, incoming } = slot
  if (current && current.phase !== 'ready') fail('a resident that is given to callers is on its way out')
  if (current && slot.retiring.has(current)) fail('a resident is current and retiring')
  const isQueued = incoming?.phase.type === 'queued'
  if (state.queued.has(slot) !== isQueued) fail('a planned load stands in no line')
  if (incoming?.mode === 'fill' && current) fail('a load fills a slot that is not empty')
  if (slot.drain && !current) fail('a door is closed and nothing is behind it')
  if (slot.drain && slot.drainDeadline.atMs === Infinity) fail('a closed door has no time limit')
  if (incoming?.phase.type === 'loading' && incoming.deadline.atMs === Infinity)
    fail('a load has no time limit')
  for (const resident of slot.retiring) {
    if (resident.phase === 'draining' && isQuiet(resident)) fail('nothing holds a resident that was retired')
    const isEnding = resident.phase === 'disposing' || resident.phase === 'killing'
    if (isEnding && resident.end.atMs === Infinity) fail('a resident that is ending has no time limit')
  }
  if (current && !slot.drain) checkNobodyForgotten(slot)
  if (!current && !incoming && !state.closing && slot.pendingSwap === undefined) {
    for (const demand of demandsOf(slot))
      if (waitingFor(demand) > 0) fail('somebody waits and nothing is planned')
  }
}

/** A free place and somebody who waits for it do not go together. */
function checkNobodyForgotten(slot: Slot): void {
  const { current, limits } = slot
  if (current === undefined) return
  for (const demand of demandsOf(slot)) {
    if (!satisfies(current, demand)) continue
    const { lease, use, load } = demand.queues
    if (lease.size > 0 && current.leases.lease < limits.maxConcurrent)
      fail('a lease is free and somebody waits for it')
    if (use.size > 0 && current.leases.use < limits.maxConcurrentUses)
      fail('a use is free and somebody waits for it')
    if (load.size > 0) fail('a model is loaded and somebody waits for that')
  }
}

/** Every counter equals what it counts. */
function checkCounters(world: World): void {
  const { state } = world.scheduler
  if (state.tickets.size !== world.waiting.size)
    fail(`${state.tickets.size} tickets, ${world.waiting.size} callers`)
  if (state.leases.size !== world.leases.size)
    fail(`${state.leases.size} leases, ${world.leases.size} holders`)
  for (const slot of state.slots.values()) {
    let waiting = 0
    for (const demand of demandsOf(slot)) waiting += waitingFor(demand)
    if (waiting !== slot.waiting) fail(`${slot.waiting} counted as waiting, ${waiting} wait`)
  }
  for (const resident of state.residents.values()) {
    const held = resident.leases.lease + resident.leases.use
    if (held !== world.leasesOf(resident.generation)) fail('the leases of a resident are counted wrongly')
    if (resident.runs.size !== world.generations.get(resident.generation)?.runs.size)
      fail('runs are counted wrongly')
    const isIdleArmed = resident.idle.atMs !== Infinity
    if (isIdleArmed && (!isQuiet(resident) || resident.phase !== 'ready'))
      fail('a resident in use is taken for idle')
    if (isIdleArmed && resident.demand.model.isPinned) fail('a pinned model would be unloaded for idleness')
  }
}

/** Nothing is left: no caller, no lease, no resident, no load, no timer. */
function checkClosed({ scheduler: { state } }: World): void {
  if (state.tickets.size > 0 || state.leases.size > 0) fail('closed with callers')
  if (state.residents.size > 0) fail('closed with residents')
  if (state.deadlines.size > 0)
    fail(
      `closed with ${state.deadlines
        .inOrder()
        .map(({ expiry }) => expiry.type)
        .join()} armed`,
    )
  for (const slot of state.slots.values())
    if (slot.incoming || slot.aborting.size > 0) fail('closed with a load')
}
