import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { RequestScope } from '../container/index.ts'
import type { ErrorRenderer } from './reply-error.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The request's own parts (`request-parts.ts`); ended with it. */
    scope: RequestScope
    /** Aborts when the client goes away before it has its answer. */
    left: AbortSignal
    /** How the clients of this request want its errors, where the path alone does not say. */
    errors: ErrorRenderer | null
    /** What the request was about, for the log. Never a text of the user. */
    subject: RequestSubject | null
  }
  interface FastifyContextConfig {
    /** Answered without a key, and also while the server drains. */
    isProbe?: boolean
    /** Answered without a key. */
    isOpen?: boolean
    /** Its clients may give their key as `api_key` in the body. */
    keyInBody?: boolean
    /** Its clients may send forms. */
    acceptsForm?: boolean
    /** How this route's clients want their errors. @default as OpenAI's do */
    errors?: ErrorRenderer
  }
}

export interface RequestSubject {
  model: string
  items: number
}

const SANE_ID = /^[\w.:/+=-]{1,128}$/

/** The caller's `x-request-id` where it is fit for a log and a header, else a new one. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && SANE_ID.test(given) ? given : `req_${randomUUID()}`
}
