import { isLoopback } from '../config/loopback.ts'
import { Refusal } from './reply-error.ts'

/**
 * Keeps web pages away from a server on this machine. A page cannot forge `Host` or `Origin`:
 *
 * - a name that an attacker's DNS points at 127.0.0.1 arrives as a foreign `Host` (DNS rebinding);
 * - what a form or a script of another site sends arrives with a foreign `Origin`.
 *
 * No cross-origin request is ever granted, so there is no CORS header either.
 */
export class OriginGuard {
  readonly #checksHost: boolean
  readonly #allowedHosts: ReadonlySet<string>
  /** The host of the last request that passed: it is nearly always the same. */
  #lastHost: string | undefined

  constructor(listenHost: string, allowedHosts: readonly string[]) {
    this.#checksHost = isLoopback(listenHost)
    this.#allowedHosts = new Set(allowedHosts.map((host) => host.toLowerCase()))
  }

  /** Throws what the request is refused with, if it is. Both are headers. */
  check(host: string | undefined, origin: string | undefined): void {
    if (origin === undefined && host !== undefined && host === this.#lastHost) return
    const hostname = hostnameOf(host)
    if (this.#checksHost && !(isLoopback(hostname) || this.#allowedHosts.has(hostname))) {
      throw new Refusal(
        421,
        'FOREIGN_HOST',
        'This server answers to names of this machine only. Behind a proxy, list its name in server.allowedHosts.',
      )
    }
    if (origin !== undefined && originHost(origin) !== host?.toLowerCase()) {
      throw new Refusal(403, 'FOREIGN_ORIGIN', 'Requests that web pages of another origin make are refused.')
    }
    this.#lastHost = host
  }
}

/** `[::1]:8000` and `localhost:8000` without the port. */
function hostnameOf(host: string | undefined): string {
  return (host ?? '').toLowerCase().replace(/:\d+$/, '')
}

/** `null`, the origin of sandboxed pages and files, has none. */
function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
