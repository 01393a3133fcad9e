import type { FastifyRequest } from 'fastify'
import type { ServerSettings } from '../config/server-schema.ts'
import { ShutdownError } from '../kernel/errors.ts'
import { OriginGuard } from './origin-guard.ts'
import { Refusal } from './reply-error.ts'
import { PRINCIPAL } from './request-parts.ts'

/** What a request must pass before its body is read. The key comes before all that tells one path from another. */
export class Admission {
  readonly #origins: OriginGuard

  constructor({ host, allowedHosts }: ServerSettings) {
    this.#origins = new OriginGuard(host, allowedHosts)
  }

  /** Throws what the request is refused with, if it is. */
  check(request: FastifyRequest, isDraining: boolean): void {
    const { host, origin, 'content-encoding': encoding = 'identity' } = request.headers
    this.#origins.check(host, origin)
    const { isProbe, isOpen, keyInBody } = request.routeOptions.config
    // A key that may be in the body is looked at when that was read, by whoever answers.
    const isLater = keyInBody === true && request.headers.authorization === undefined
    if (!isProbe && !isOpen && !isLater) request.scope.resolve(PRINCIPAL)
    if (request.is404) {
      const path = request.url.slice(0, 200)
      const message = `There is no ${request.method} ${path}. GET /v1/models is one that there is.`
      throw new Refusal(404, 'NOT_FOUND', message)
    }
    if (isDraining && !isProbe) throw new ShutdownError('The server is shutting down.')
    if (encoding !== 'identity') {
      const message = `Send the body uncompressed, not with Content-Encoding ${encoding.slice(0, 50)}.`
      throw new Refusal(415, 'UNSUPPORTED_ENCODING', message)
    }
  }
}
