// Callers of a server, in a process of their own.
import { answer } from './child.mjs'
import { ConnectionPool, embeddingsRequest } from './connection.mjs'
import { closedLoop, openLoop } from './loops.mjs'

let pool
let call

answer({
  /** @param {{ port: number, model: string, dimensions?: number }} setup */
  async start({ port, model, dimensions = 384 }) {
    pool = new ConnectionPool(port)
    call = (text) => pool.send(embeddingsRequest(port, model, text))
    checkAnswer(JSON.parse((await call('the first text')).body), dimensions)
  },
  async closedLoop({ texts, callers }) {
    await pool.open(callers)
    return closedLoop(texts, callers, call)
  },
  openLoop: ({ texts, perSecond, seed }) => openLoop(texts, perSecond, seed, call),
})

function checkAnswer({ data: [{ embedding }] }, dimensions) {
  const bytes = Buffer.from(embedding, 'base64').length
  if (bytes !== dimensions * 4) throw new Error(`a vector of ${bytes} bytes came`)
}
