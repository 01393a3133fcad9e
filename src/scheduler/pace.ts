import type { LeaseKind } from './events.ts'
import type { Demand, Pace, Slot } from './state.ts'

/** An expected wait is believed only when it rests on so many completions. */
export const COMPLETIONS_TO_BELIEVE = 32
const LEAST_RETRY_MS = 1_000

export function newPace(): Pace {
  return { holdMs: { lease: 0, use: 0 }, measured: { lease: 0, use: 0 }, loadMs: undefined }
}

/** How long a lease was held: a mean in which the last 32 count most. */
export function noteHold(pace: Pace, kind: LeaseKind, heldMs: number): void {
  const measured = (pace.measured[kind] = Math.min(pace.measured[kind] + 1, COMPLETIONS_TO_BELIEVE))
  pace.holdMs[kind] += (heldMs - pace.holdMs[kind]) / measured
}

export function limitOf(slot: Slot, kind: LeaseKind): number {
  return kind === 'lease' ? slot.limits.maxConcurrent : slot.limits.maxConcurrentUses
}

/** Work ahead ÷ rate, for one more that joins the queue; undefined while too little was measured. */
export function expectedWaitMs(slot: Slot, demand: Demand, kind: LeaseKind): number | undefined {
  const { pace } = slot
  if (pace.measured[kind] < COMPLETIONS_TO_BELIEVE) return undefined
  return ((demand.queues[kind].size + 1) / limitOf(slot, kind)) * pace.holdMs[kind]
}

/** When it is worth coming back to a slot that is full: what waits is served by then, by the measured rate. */
export function retryAfterMs(slot: Slot): number {
  let waitMs = slot.incoming ? (slot.pace.loadMs ?? 0) : 0
  for (const kind of ['lease', 'use'] as const) {
    const waiting = slot.models.reduce(
      (sum, model) =>
        sum + [...model.demands.values()].reduce((n, demand) => n + demand.queues[kind].size, 0),
      0,
    )
    waitMs += ((waiting + 1) / limitOf(slot, kind)) * slot.pace.holdMs[kind]
  }
  return Math.max(LEAST_RETRY_MS, Math.ceil(waitMs))
}
