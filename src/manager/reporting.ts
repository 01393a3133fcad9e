import type { Emitter } from '../kernel/events.ts'
import type { RuntimeEvents } from '../kernel/runtime-events.ts'
import type { Effect } from '../scheduler/effects.ts'

type Report = Extract<Effect, { type: 'start-load' | 'loaded' | 'load-failed' | 'gone' | 'swap' | 'warn' }>

/** Tells the listeners of the runtime what the scheduler reports. */
export function reportEffect(events: Emitter<RuntimeEvents>, effect: Report): void {
  switch (effect.type) {
    case 'start-load': {
      const { model, variant, generation, isFallback } = effect
      const { label, estimateBytes: memoryBytes } = variant
      return events.emit('load', {
        model,
        key: label,
        generation,
        outcome: 'started',
        durationMs: 0,
        memoryBytes,
        isFallback,
      })
    }
    case 'loaded': {
      const { model, label, generation, durationMs, memoryBytes, isFallback } = effect
      return events.emit('load', {
        model,
        key: label,
        generation,
        outcome: 'loaded',
        durationMs,
        memoryBytes,
        isFallback,
      })
    }
    case 'load-failed': {
      const { model, label, generation, durationMs, wasAborted, error } = effect
      return events.emit('load', {
        model,
        key: label,
        generation,
        outcome: wasAborted ? 'aborted' : 'failed',
        durationMs,
        memoryBytes: 0,
        isFallback: false,
        ...(error instanceof Error && { error: error.message }),
      })
    }
    case 'gone': {
      const { model, label, generation, reason } = effect
      return events.emit('unload', { model, key: label, generation, reason })
    }
    case 'swap': {
      const { slot, from, to, mode, outcome } = effect
      return events.emit('swap', { slot, from, to, mode, outcome })
    }
    case 'warn':
      return events.emit('warning', { model: effect.model, code: effect.code, message: effect.detail })
    default:
      return effect satisfies never
  }
}
