import { InvalidInputError } from '../kernel/errors.ts'
import { DEVICES, DTYPES, type Device, type Dtype } from '../registry/model-key.ts'

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
  if (typeof options !== 'object' || options === null) {
    throw new InvalidInputError(`options must be an object, not ${kindOf(options)}.`, { field: 'options' })
  }
  checkSignal(options.signal)
  checkNumber('priority', options.priority, -Infinity)
  checkNumber('deadlineMs', options.deadlineMs, -Infinity)
  checkNumber('keepAliveMs', options.keepAliveMs, -Infinity)
  const { tenant } = options
  if (tenant !== undefined && typeof tenant !== 'string') {
    throw new InvalidInputError(`tenant must be a text, not ${kindOf(tenant)}.`, { field: 'tenant' })
  }
  checkChoice('whenFull', options.whenFull, ['wait', 'reject'])
  checkChoice('dtype', options.dtype, DTYPES)
  checkChoice('device', options.device, DEVICES)
}

/** Checked before there is a ticket: whom nobody can tell that its caller has left would hold its lease for ever. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return
  const isSignal =
    signal instanceof EventTarget && 'aborted' in signal && 'throwIfAborted' in signal && 'reason' in signal
  if (isSignal) return
  throw new InvalidInputError(`signal must be an AbortSignal, not ${kindOf(signal)}.`, { field: 'signal' })
}

/** An unknown dtype must not be taken for no wish: an explicit one is answered by nothing else. */
function checkChoice(field: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || choices.some((choice) => choice === value)) return
  const came = typeof value === 'string' ? JSON.stringify(value) : kindOf(value)
  throw new InvalidInputError(`${field} must be one of ${choices.join(', ')}, not ${came}.`, { field })
}

/** A number that is not one would stand in the order of all others for ever: it gets no further than here. */
export function checkNumber(field: string, value: unknown, least: number): void {
  if (value === undefined || (typeof value === 'number' && value >= least)) return
  const bound = least === -Infinity ? '' : ` of at least ${least}`
  throw new InvalidInputError(
    `${field} must be a number${bound}, not ${typeof value === 'number' ? value : kindOf(value)}.`,
    { field },
  )
}

export function kindOf(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`
}
