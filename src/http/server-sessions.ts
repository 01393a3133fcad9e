import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { ServerSettings } from '../config/server-schema.ts'
import { InvalidInputError } from '../kernel/errors.ts'
import {
  memoryBackend,
  openSessions,
  type Mode,
  type SessionBackend,
  type SessionManager,
  type Sessions,
} from '../session/index.ts'
import { lmdbBackend } from '../session/lmdb/index.ts'
import { redisBackend } from '../session/redis/index.ts'
import type { Principal } from './request-parts.ts'

const HEADER = 'leasehold-session'

/**
 * The sessions of a server's callers, where the setting `sessions` says. Rejects with `ConfigError` or `SessionStoreError`
 * when they cannot be had. Whoever opened them closes them, after the server.
 */
export async function openServerSessions(
  { sessions, sessionTtlMs }: Pick<ServerSettings, 'sessions' | 'sessionTtlMs'>,
  logger: Logger,
): Promise<Sessions<Mode>> {
  return openSessions({ backend: await openBackend(sessions), ttlMs: sessionTtlMs, log: logger })
}

async function openBackend(where: string): Promise<SessionBackend<Mode>> {
  if (where === 'memory') return memoryBackend()
  if (where.startsWith('lmdb:')) return lmdbBackend({ path: where.slice('lmdb:'.length) })
  return redisBackend({ url: where })
}

/**
 * The session that a request asks for with the header `Leasehold-Session`, or else the one that all requests of its caller
 * share. A caller reaches the sessions of nobody else, whatever it asks for.
 */
export function callerSession(
  sessions: Sessions<Mode>,
  request: FastifyRequest,
  principal: Principal,
): SessionManager {
  const name = request.headers[HEADER] ?? ''
  if (!/^[\w.:-]{0,128}$/.test(String(name)))
    throw new InvalidInputError(
      `The header ${HEADER} must be up to 128 letters, digits and any of . _ : - without spaces.`,
      { field: HEADER },
    )
  return sessions.open(`caller:${principal.name}:${String(name)}`)
}
