import { LeaseholdError } from '../kernel/errors.ts'

/** An error as a reply, before the route's family of clients gives it its shape. */
export interface ReplyError {
  status: number
  /** Stable: that of a `LeaseholdError`, or one of this folder: `UNAUTHORIZED`, `BODY_TOO_LARGE`, … */
  code: string
  message: string
  /** The field of the request that is wrong. */
  field?: string
  model?: string
  headers: Record<string, string>
}

/** How one family of clients wants its errors (WIRE: `{"error": {…}}` for OpenAI). */
export interface ErrorRenderer {
  contentType: string
  /** Another status where this family's clients would misunderstand ours. @default the error as it is */
  adapt?: (error: ReplyError) => ReplyError
  /** `requestId`: absent where there was no request. */
  render: (error: ReplyError, requestId?: string) => string
}

/** What the server itself refuses, before any model is asked. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** Trying again with the same request gives the same answer; clients repeat every 5xx and 429 unless told. */
const CANNOT_HEAL: ReadonlySet<string> = new Set([
  'INFERENCE',
  'MEMORY_BUDGET',
  'LEASE_RELEASED',
  'CONFIG',
  'RESOLUTION',
])

const DEFAULT_RETRY_AFTER_MS = 1000

export function toReplyError(error: unknown): ReplyError {
  if (error instanceof Refusal) {
    const { status, code, message, headers } = error
    return { status, code, message, headers: { ...retryHeaders(status, code), ...headers } }
  }
  if (error instanceof LeaseholdError) {
    const { status, code, message, field, model, retryAfterMs } = error
    const named = { ...(field !== undefined && { field }), ...(model !== undefined && { model }) }
    return { status, code, message, ...named, headers: retryHeaders(status, code, retryAfterMs) }
  }
  const fromFramework = FRAMEWORK_ERRORS[frameworkCode(error)]
  if (fromFramework !== undefined) return { ...fromFramework, headers: {} }
  return {
    status: 500,
    code: 'INTERNAL',
    // What an unexpected error says is for the log: it may hold paths or text of the user.
    message: 'The server failed on this request. Its log has the cause under the request id.',
    headers: {},
  }
}

/** Whole seconds for everyone, milliseconds for the OpenAI clients, which look there first. */
function retryHeaders(status: number, code: string, retryAfterMs?: number): Record<string, string> {
  const headers: Record<string, string> = {}
  if (CANNOT_HEAL.has(code)) headers['x-should-retry'] = 'false'
  if (status === 429 || status === 503 || retryAfterMs !== undefined) {
    const waitMs = Math.max(1, Math.ceil(retryAfterMs ?? DEFAULT_RETRY_AFTER_MS))
    headers['retry-after'] = String(Math.ceil(waitMs / 1000))
    headers['retry-after-ms'] = String(waitMs)
  }
  return headers
}

function frameworkCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}

const refused = (status: number, code: string, message: string): Omit<ReplyError, 'headers'> => ({
  status,
  code,
  message,
})

/** What Fastify and Node refuse by themselves, in our words. */
const FRAMEWORK_ERRORS: Record<string, Omit<ReplyError, 'headers'>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: refused(413, 'BODY_TOO_LARGE', 'The body is larger than this server takes.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: refused(
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    'Send the body as application/json.',
  ),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: refused(
    400,
    'INVALID_INPUT',
    'The body has another length than Content-Length says.',
  ),
  FST_ERR_BAD_URL: refused(400, 'INVALID_INPUT', 'The path is not valid percent-encoding.'),
  FST_ERR_MAX_PARAM_LENGTH: refused(414, 'URI_TOO_LONG', 'The path is too long.'),
  ECONNRESET: refused(400, 'INVALID_INPUT', 'The body ended before it was complete.'),
}
