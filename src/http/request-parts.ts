import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { Container, Token } from '../container/index.ts'
import type { Mode, SessionManager, Sessions } from '../session/index.ts'
import { callerDeadline, type CallerDeadline } from './deadline.ts'
import { callerSession } from './server-sessions.ts'

/** Who asks. */
export interface Principal {
  /** Stands for the caller in logs and as its tenant; of a key only the beginning of its digest. Empty without a key. */
  readonly name: string
}

/** The request itself, as it came in. */
export const REQUEST: Token<FastifyRequest> = new Token('request')
/** Resolving it refuses a request that has no right to be here. */
export const PRINCIPAL: Token<Principal> = new Token('principal')
export const DEADLINE: Token<CallerDeadline> = new Token('deadline')
/** Writes the request's id, and who asked, with every line. */
export const REQUEST_LOGGER: Token<Logger> = new Token('request logger')
/** Where what is known of the caller is kept from one request to the next. */
export const SESSION: Token<SessionManager> = new Token('session')
const SESSIONS: Token<Sessions<Mode>> = new Token('sessions')

export interface RequestPartsOptions {
  /** They stay open when the container closes. */
  readonly sessions: Sessions<Mode>
  readonly logger: Logger
  readonly principalOf: (request: FastifyRequest) => Principal
}

/** What each request has of its own, built when somebody asks for it. */
export function requestParts({ sessions, logger, principalOf }: RequestPartsOptions): Container {
  return new Container()
    .addValue(SESSIONS, sessions)
    .addPerRequest(REQUEST)
    .addPerRequest(PRINCIPAL, (resolver) => principalOf(resolver.resolve(REQUEST)))
    .addPerRequest(DEADLINE, (resolver) => callerDeadline(resolver.resolve(REQUEST)))
    .addPerRequest(REQUEST_LOGGER, (resolver) => logger.child({ reqId: resolver.resolve(REQUEST).id }))
    .addPerRequest(SESSION, (resolver) =>
      callerSession(resolver.resolve(SESSIONS), resolver.resolve(REQUEST), resolver.resolve(PRINCIPAL)),
    )
}
