import type { ErrorRenderer } from '../reply-error.ts'

/** Errors of LibreTranslate: `{"error": …}`; there a wrong key is 403, and what is not served is 400. */
export const libretranslateErrors: ErrorRenderer = {
  contentType: 'application/json; charset=utf-8',
  adapt: (error) => ({ ...error, status: STATUSES[error.code] ?? error.status }),
  render: ({ code, message }) =>
    JSON.stringify({ error: code === 'UNAUTHORIZED' ? `Invalid API key. ${message}` : message }),
}

const STATUSES: Readonly<Record<string, number>> = { UNAUTHORIZED: 403, MODEL_NOT_FOUND: 400 }
