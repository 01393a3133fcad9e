import type * as z from 'zod'
import { count, milliseconds } from './fields.ts'

/** The limits of a slot, resolved: a limit that is off is `Infinity`. */
export interface SlotLimits {
  /** Leases taken by hand at a time. @default 10 */
  maxConcurrent: number
  /** Uses through `embed()` and the server at a time; batches bound what really runs. @default 512 */
  maxConcurrentUses: number
  /** Callers that wait for a lease. @default 512 */
  maxQueue: number
  /** The whole of acquiring: admission, queue and load. @default 30_000 */
  accessTimeoutMs: number
  /** One load. @default 300_000 */
  loadingTimeoutMs: number
  /** A caller's wait for a load that somebody else started. @default what is left of `accessTimeoutMs` */
  waitTimeoutMs: number
  /** One use; past it the run is stopped and its lease revoked. @default off */
  useTimeoutMs: number
  /** How long a swap waits for the leases of the old model. @default 30_000 */
  drainTimeoutMs: number
  /** A model that was swapped in stays at least so long. @default 1_000 */
  minResidencyMs: number
  /** A ticket for another model waits at most so long before the door closes for the resident one. @default 5_000 */
  maxSwapWaitMs: number
}

export const DEFAULT_LIMITS: SlotLimits = {
  maxConcurrent: 10,
  maxConcurrentUses: 512,
  maxQueue: 512,
  accessTimeoutMs: 30_000,
  loadingTimeoutMs: 300_000,
  waitTimeoutMs: Infinity,
  useTimeoutMs: Infinity,
  drainTimeoutMs: 30_000,
  minResidencyMs: 1_000,
  maxSwapWaitMs: 5_000,
}

export type LimitsInput = { [Name in keyof SlotLimits]?: number | undefined }

const FIELDS = {
  maxConcurrent: [count(1), 'Leases taken by hand at a time.'],
  maxConcurrentUses: [
    count(1),
    'Uses through embed() and the server at a time; batches bound what really runs.',
  ],
  maxQueue: [count(0), 'Callers that wait for a lease; one more is refused.'],
  accessTimeoutMs: [milliseconds(), 'The whole of acquiring a model: admission, queue and load.'],
  loadingTimeoutMs: [milliseconds(), 'One load.'],
  waitTimeoutMs: [
    milliseconds(),
    "Waiting for somebody else's load. Absent: what is left of accessTimeoutMs.",
  ],
  useTimeoutMs: [
    milliseconds(),
    'One use; past it the run is stopped and its lease revoked. Absent: no limit.',
  ],
  drainTimeoutMs: [milliseconds(0), 'How long a swap waits for the leases of the old model.'],
  minResidencyMs: [milliseconds(0), 'A model that was swapped in stays at least so long.'],
  maxSwapWaitMs: [
    milliseconds(0),
    'How long a ticket for another model waits before the door closes for this one.',
  ],
} satisfies Record<keyof SlotLimits, [z.ZodNumber, string]>

type LimitFields = Record<keyof SlotLimits, z.ZodOptional<z.ZodNumber>>

/** The same fields stand at the top (for all slots), in `slots.<name>` and in `models.<name>`. */
export function limitFields(level: 'default' | 'override'): LimitFields {
  const entries = Object.entries(FIELDS).map(([name, [field, description]]) => {
    const byDefault = DEFAULT_LIMITS[name as keyof SlotLimits]
    const isShown = level === 'default' && Number.isFinite(byDefault)
    return [name, field.optional().meta({ description, ...(isShown && { default: byDefault }) })]
  })
  return Object.fromEntries(entries) as LimitFields
}

export const LIMIT_NAMES = Object.keys(FIELDS) as readonly (keyof SlotLimits)[]

/** Later layers win; a field that a layer leaves out is not touched by it. */
export function mergeLimits(...layers: readonly LimitsInput[]): SlotLimits {
  const merged = { ...DEFAULT_LIMITS }
  for (const layer of layers) {
    for (const name of LIMIT_NAMES) merged[name] = layer[name] ?? merged[name]
  }
  return merged
}
