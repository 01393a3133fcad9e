import { InvalidInputError } from '../kernel/errors.ts'
import type { Device, Dtype } from '../registry/model-key.ts'

/** How a caller wants to wait for a model. */
export interface AcquireOptions {
  signal?: AbortSignal | undefined
  /** From now, in milliseconds; what has not begun by then is never computed. */
  deadlineMs?: number | undefined
  /** 0 is highest, 9 lowest; one level is gained for each `maxSwapWaitMs` of waiting. @default 1 */
  priority?: number | undefined
  /** Tenants share a slot by weight. */
  tenant?: string | undefined
  /** `reject` fails at once with `ConcurrencyLimitError` where `wait` would queue. @default 'wait' */
  whenFull?: 'wait' | 'reject' | undefined
  /** This dtype and no other. @default the configured one, or the fallback while that is in force */
  dtype?: Dtype | undefined
  /** This device and no other. */
  device?: Device | undefined
  /** How long the model stays loaded after this use, in milliseconds; 0: until it is idle, `Infinity`: for ever. */
  keepAliveMs?: number | undefined
}

/** @throws InvalidInputError that names the option; nothing has happened then */
export function checkAcquireOptions(options: AcquireOptions): void {
  checkNumber('priority', options.priority, -Infinity)
  checkNumber('deadlineMs', options.deadlineMs, -Infinity)
  checkNumber('keepAliveMs', options.keepAliveMs, -Infinity)
  const { tenant, whenFull } = options
  if (tenant !== undefined && typeof tenant !== 'string') {
    throw new InvalidInputError(`tenant must be a text, not a ${typeof tenant}.`, { field: 'tenant' })
  }
  if (whenFull !== undefined && whenFull !== 'wait' && whenFull !== 'reject') {
    throw new InvalidInputError(`whenFull must be 'wait' or 'reject'.`, { field: 'whenFull' })
  }
}

/** A number that is not one would stand in the order of all others for ever: it gets no further than here. */
export function checkNumber(field: string, value: unknown, least: number): void {
  if (value === undefined || (typeof value === 'number' && value >= least)) return
  const bound = least === -Infinity ? '' : ` of at least ${least}`
  throw new InvalidInputError(
    `${field} must be a number${bound}, not ${typeof value === 'number' ? value : typeof value}.`,
    { field },
  )
}
