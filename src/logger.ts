import { createRequire } from 'node:module'
import type * as pinoModule from 'pino'

/** Where warnings go: a pino logger, or anything with its `warn`. */
export interface Logger {
  warn(details: object, message: string): void
}

/** Pino to standard error, from `warn` on. It is loaded with the first warning: most processes never have one. */
export function defaultLogger(): Logger {
  let logger: Logger | undefined
  return {
    warn: (details, message) => (logger ??= createPino()).warn(details, message),
  }
}

function createPino(): Logger {
  const { pino } = createRequire(import.meta.url)('pino') as typeof pinoModule
  return pino({ name: 'leasehold', level: 'warn' }, pino.destination(2))
}
