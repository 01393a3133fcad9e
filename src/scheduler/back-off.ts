import { BACK_OFF_FIRST_MS, BACK_OFF_LONGEST_MS, STABLE_LIFE_MS } from './limits.ts'
import type { BackOff, Resident, State } from './state.ts'
import type { Variant } from './variant.ts'

/** After the n-th time in a row: 10 s, 20 s, 40 s … 5 min. */
function delayAfter(times: number): number {
  return Math.min(BACK_OFF_FIRST_MS * 2 ** (times - 1), BACK_OFF_LONGEST_MS)
}

/** A load failed. The back-off belongs to the key: that a fallback serves does not clear it. */
export function noteFailure(state: State, variant: Variant, error: unknown): void {
  const known = state.backOff.get(variant.id)
  const failures = (known?.failures ?? 0) + 1
  state.backOff.set(variant.id, {
    failures,
    losses: known?.losses ?? 0,
    nextRetryAtMs: state.nowMs + delayAfter(failures),
    error,
  })
}

/**
 * A resident died. One death is an accident, and it may be loaded again at once; a key that dies again and again soon after
 * its load waits longer each time. A load that succeeds does not wipe that out, a long life does.
 */
export function noteLoss(state: State, resident: Resident, error: unknown): void {
  const known = state.backOff.get(resident.variant.id)
  const wasStable = state.nowMs - resident.readyAtMs >= STABLE_LIFE_MS
  const losses = wasStable ? 1 : (known?.losses ?? 0) + 1
  const nextRetryAtMs = losses === 1 ? state.nowMs : state.nowMs + delayAfter(losses - 1)
  state.backOff.set(resident.variant.id, { failures: 0, losses, nextRetryAtMs, error })
}

export function noteSuccess(state: State, variant: Variant): void {
  const known = state.backOff.get(variant.id)
  if (known === undefined) return
  if (known.losses === 0) state.backOff.delete(variant.id)
  else state.backOff.set(variant.id, { ...known, failures: 0, nextRetryAtMs: state.nowMs })
}

/** The back-off in force for the variant, if there is one. */
export function backOffOf(state: State, variant: Variant): BackOff | undefined {
  const known = state.backOff.get(variant.id)
  return known && known.nextRetryAtMs > state.nowMs ? known : undefined
}
