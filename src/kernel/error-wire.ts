import * as errors from './errors.ts'
import { LeaseholdError, type ErrorDetails } from './errors.ts'

/** An error as plain data: `structuredClone` would drop the class, the code and the details. */
export interface WireError {
  name: string
  message: string
  stack?: string
  code?: string
  details: Omit<ErrorDetails, 'cause'>
  cause?: WireError
}

const classByCode = new Map<string, typeof LeaseholdError>(
  Object.values(errors).map((errorClass) => [errorClass.code, errorClass]),
)

/** More causes of causes than that tell nobody anything; an error may even be its own. */
const DEEPEST_CAUSE = 8

export function toWire(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), details: {} }
  const wire: WireError = { name: error.name, message: error.message, details: {} }
  if (error.stack !== undefined) wire.stack = error.stack
  if (error instanceof LeaseholdError) {
    wire.code = error.code
    for (const name of ['model', 'field', 'waitedMs', 'retryAfterMs'] as const) {
      if (error[name] !== undefined) Object.assign(wire.details, { [name]: error[name] })
    }
  }
  if (error.cause !== undefined && depth < DEEPEST_CAUSE) wire.cause = toWire(error.cause, depth + 1)
  return wire
}

export function fromWire(wire: WireError): Error {
  const cause = wire.cause && fromWire(wire.cause)
  const errorClass = wire.code === undefined ? undefined : classByCode.get(wire.code)
  const error = errorClass
    ? new errorClass(wire.message, { ...wire.details, ...(cause && { cause }) })
    : new Error(wire.message, cause && { cause })
  error.name = wire.name
  if (wire.stack !== undefined) error.stack = wire.stack
  return error
}
