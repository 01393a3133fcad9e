import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Refusal } from './reply-error.ts'
import type { Principal } from './request-parts.ts'

const ANONYMOUS: Principal = { name: '' }

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest()

/**
 * Checks the key of a request. Digests are compared, so that neither the time nor the length says how much of a
 * key was right; every configured key is looked at, whichever matches.
 */
export class ApiKeys {
  readonly #digests: readonly Buffer[]

  /** No keys: every request passes. */
  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digestOf)
  }

  /** Whose key it is. Throws the same refusal whatever was asked for. */
  principalOf(request: FastifyRequest): Principal {
    if (this.#digests.length === 0) return ANONYMOUS
    const key = keyOf(request)
    const digest = digestOf(key ?? '')
    const matches = this.#digests.filter((known) => timingSafeEqual(known, digest)).length
    if (matches > 0) return { name: `key-${digest.toString('hex', 0, 4)}` }
    const came = key === undefined ? 'The request has no API key' : 'The API key is wrong'
    throw new Refusal(
      401,
      'UNAUTHORIZED',
      `${came}. Send "Authorization: Bearer <key>" with a key of this server.`,
      {
        'www-authenticate': 'Bearer realm="leasehold"',
      },
    )
  }
}

const SCHEME = 'bearer '

/** `Authorization: Bearer <key>`, or else the key in the body; empty where the header has none. */
function keyOf(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers
  if (authorization === undefined) return keyInBody(request)
  return authorization.toLowerCase().startsWith(SCHEME) ? authorization.slice(SCHEME.length).trim() : ''
}

/** LibreTranslate's clients send the key as `api_key`, one of them as `apiKey`. */
function keyInBody({ body, routeOptions }: FastifyRequest): string | undefined {
  if (routeOptions.config.keyInBody !== true || typeof body !== 'object' || body === null) return undefined
  const { api_key: key, apiKey } = body as Readonly<Record<string, unknown>>
  const given = key ?? apiKey
  return typeof given === 'string' && given !== '' ? given.trim() : undefined
}
