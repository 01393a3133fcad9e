import type { ErrorRenderer, ReplyError } from '../reply-error.ts'

/**
 * Errors as OpenAI's clients read them: `{"error":{message,type,param,code}}`
 * (https://platform.openai.com/docs/guides/error-codes).
 */
export const openaiErrors: ErrorRenderer = {
  contentType: 'application/json; charset=utf-8',
  render: (error) =>
    JSON.stringify({
      error: { message: error.message, type: typeOf(error), param: error.field ?? null, code: codeOf(error) },
    }),
}

function typeOf({ status }: ReplyError): string {
  if (status === 429) return 'requests'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

const CODES: Record<string, string> = {
  MODEL_NOT_FOUND: 'model_not_found',
  UNAUTHORIZED: 'invalid_api_key',
  INPUT_TOO_LONG: 'context_length_exceeded',
  LOADING_TIMEOUT: 'model_loading',
  WAIT_TIMEOUT: 'model_loading',
  LOAD_CANCELLED: 'model_loading',
  DEADLINE_EXCEEDED: 'deadline_exceeded',
  BODY_TOO_LARGE: 'body_too_large',
  METHOD_NOT_ALLOWED: 'method_not_allowed',
  NOT_FOUND: 'unknown_url',
}

function codeOf({ status, code, field }: ReplyError): string | null {
  const special = CODES[code]
  if (special !== undefined) return special
  if (status === 429) return 'rate_limit_exceeded'
  if (status === 503) return 'service_unavailable'
  return status === 400 && field !== undefined ? 'invalid_value' : null
}
