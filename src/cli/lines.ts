import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/**
 * The lines of a stream of UTF-8, without their ends (`\n` or `\r\n`) and without a byte order mark. (`readline` of Node 20
 * does not pass errors of its stream on.)
 */
export async function* linesOf(input: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let pieces: string[] = []
  let isFirst = true
  const take = (end: string): string => {
    const line = [...pieces, end].join('')
    pieces = []
    const from = isFirst && line.startsWith('\uFEFF') ? 1 : 0
    isFirst = false
    return line.endsWith('\r') ? line.slice(from, -1) : line.slice(from)
  }
  for await (const chunk of input) {
    const text = decoder.write(chunk as Buffer)
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      yield take(text.slice(start, end))
      start = end + 1
    }
    if (start < text.length) pieces.push(text.slice(start))
  }
  const end = decoder.end()
  if (pieces.length > 0 || end !== '') yield take(end)
}
