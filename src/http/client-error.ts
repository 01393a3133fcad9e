import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorRenderer } from './reply-error.ts'

/** What Node's parser found before there was a request: the reply is written by hand and the connection closed. */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  errors: ErrorRenderer,
): void {
  // A response that has begun would be cut in two by a second one.
  const { _httpMessage: current } = socket as Socket & { _httpMessage?: { headersSent: boolean } }
  if (!socket.writable || error.code === 'ECONNRESET' || current?.headersSent === true) {
    socket.destroy()
    return
  }
  const [status, message] = REPLIES[error.code ?? ''] ?? [400, 'This is not an HTTP request.']
  const body = errors.render({ status, code: 'INVALID_REQUEST', message, headers: {} })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    `content-type: ${errors.contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'x-content-type-options: nosniff',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}

const REPLIES: Record<string, [status: number, message: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are larger than 16 KiB.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
}
