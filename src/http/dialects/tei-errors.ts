import type { ErrorRenderer, ReplyError } from '../reply-error.ts'

/**
 * Errors of text-embeddings-inference: `{"error", "error_type"}`. Never 503: a client there (`@huggingface/inference`)
 * repeats that at once and for ever.
 */
export const teiErrors: ErrorRenderer = {
  contentType: 'application/json; charset=utf-8',
  adapt: (error) => ({ ...error, status: statusOf(error) }),
  render: (error) => JSON.stringify({ error: error.message, error_type: typeOf(error) }),
}

/** What its models fail with is 424 there. */
const BACKEND: ReadonlySet<string> = new Set(['MODEL_LOAD', 'MODEL_NOT_FOUND', 'INFERENCE', 'MEMORY_BUDGET'])

function statusOf({ status, code }: ReplyError): number {
  if (BACKEND.has(code)) return 424
  if (status === 503) return 429
  return code === 'INVALID_INPUT' || code === 'INPUT_TOO_LONG' ? 422 : status
}

/** Of an error whose status is adapted already. */
function typeOf({ status, code }: ReplyError): string {
  if (code === 'EMPTY') return 'Empty'
  if (status === 424 || status >= 500) return 'Backend'
  return status === 429 ? 'Overloaded' : 'Validation'
}
