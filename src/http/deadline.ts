import type { FastifyRequest } from 'fastify'
import { InvalidInputError } from '../kernel/errors.ts'

/** Empty where the caller named none. */
export interface CallerDeadline {
  readonly deadlineMs?: number
}

const HEADER = 'leasehold-deadline-ms'

/**
 * How long the caller will wait, from the header `Leasehold-Deadline-Ms`. What has not begun by then is never computed;
 * what could not be done in time is refused at once.
 */
export function callerDeadline(request: FastifyRequest): CallerDeadline {
  const text = request.headers[HEADER]
  if (text === undefined) return {}
  const deadlineMs = Number(text)
  if (!(deadlineMs > 0 && deadlineMs <= 2 ** 31 - 1)) {
    const message = `The header ${HEADER} must be a number of milliseconds above 0.`
    throw new InvalidInputError(message, { field: HEADER })
  }
  return { deadlineMs }
}
