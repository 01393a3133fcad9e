// So many callers at once, each with a connection of its own; says how each of them ended.
import { answer } from './child.mjs'
import { Connection, embeddingsRequest } from './connection.mjs'
import { makeTexts } from './texts.mjs'

let port

answer({
  start: (setup) => ({ port } = setup),
  /** @returns {Promise<Record<'answered' | 'refused' | 'lost', number>>} */
  async flood(count) {
    const ends = { answered: 0, refused: 0, lost: 0 }
    const reasons = new Map()
    const call = async (text) => {
      const end = await callOnce(text)
      ends[end.kind]++
      if (end.kind === 'lost') reasons.set(end.reason, (reasons.get(end.reason) ?? 0) + 1)
    }
    await Promise.all(makeTexts('short', count, count).map(call))
    return { ...ends, reasons: [...reasons].map(([reason, times]) => `${times} × ${reason}`) }
  },
})

async function callOnce(text) {
  try {
    const connection = await Connection.open(port)
    const { status, head } = await connection.send(embeddingsRequest(port, 'm', text))
    connection.close()
    if (status === 200) return { kind: 'answered' }
    if (/\r\nretry-after: \d/i.test(head)) return { kind: 'refused' }
    return { kind: 'lost', reason: `${status} without Retry-After` }
  } catch (error) {
    return { kind: 'lost', reason: error.message }
  }
}
