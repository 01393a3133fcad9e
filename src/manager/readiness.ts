import type { Scheduler } from '../scheduler/scheduler.ts'

export interface Readiness {
  ready: boolean
  /** Why not; empty when ready. */
  reasons: string[]
}

/** A deadline that was not acted upon for so long: the scheduler, or the event loop under it, is stuck. */
const STUCK_AFTER_MS = 5_000

/** Looks at progress, not only at whether somebody answers. */
export function readinessOf(scheduler: Scheduler, nowMs: number, fault: Error | undefined): Readiness {
  const reasons: string[] = []
  const { state } = scheduler
  if (fault) reasons.push(fault.message)
  if (state.closing) reasons.push('shutting down')
  const overdueMs = nowMs - scheduler.wakeAtMs
  if (overdueMs > STUCK_AFTER_MS) reasons.push(`the scheduler is ${Math.round(overdueMs)} ms late`)
  for (const model of state.models.values()) {
    if (!model.isPreloaded) continue
    const { current } = model.slot
    if (current?.demand.model === model) continue
    const why = model.slot.incoming?.demand.model === model ? 'is being loaded' : 'is not loaded'
    const error = model.lastError instanceof Error ? ` (${model.lastError.message})` : ''
    reasons.push(`${model.name} ${why}${error}`)
  }
  return { ready: reasons.length === 0, reasons }
}
