import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Refusal } from './reply-error.ts'
import type { Principal } from './request-parts.ts'

const ANONYMOUS: Principal = { name: '' }

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest()

/**
 * Checks `Authorization: Bearer <key>`. Digests are compared, so that neither the time nor the length says how much of a
 * key was right; every configured key is looked at, whichever matches.
 */
export class ApiKeys {
  readonly #digests: readonly Buffer[]

  /** No keys: every request passes. */
  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digestOf)
  }

  /** Whose key it is. Throws the same refusal whatever was asked for. */
  principalOf(authorization: string | undefined): Principal {
    if (this.#digests.length === 0) return ANONYMOUS
    const digest = digestOf(/^bearer +(.+)$/i.exec(authorization ?? '')?.[1]?.trim() ?? '')
    const matches = this.#digests.filter((known) => timingSafeEqual(known, digest)).length
    if (matches > 0) return { name: `key-${digest.toString('hex', 0, 4)}` }
    const came = authorization === undefined ? 'The request has no API key' : 'The API key is wrong'
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

/** LibreTranslate's clients send the key as `api_key`, one of them as `apiKey`. Written as the header would be. */
export function keyInBody({ body, routeOptions }: FastifyRequest): string | undefined {
  if (routeOptions.config.keyInBody !== true || typeof body !== 'object' || body === null) return undefined
  const { api_key: key, apiKey } = body as Readonly<Record<string, unknown>>
  const given = key ?? apiKey
  return typeof given === 'string' && given !== '' ? `Bearer ${given}` : undefined
}
