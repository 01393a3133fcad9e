import { once } from 'node:events'
import { connect } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * A connection that is kept alive, for one request at a time. It reads no more of an answer than its length: a client
 * that takes time of its own would be measured along with the server, on whose machine it runs.
 */
export class Connection {
  #socket
  #head
  #chunks = []
  #missing = 0
  #waiting

  static async open(port) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  constructor(socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', (error) => this.#lose(error))
    socket.on('close', () => this.#lose(new Error('the connection was closed')))
  }

  /** @param {Buffer} request @returns {Promise<{ status: number, head: string, body: Buffer }>} */
  send(request) {
    const waiting = {}
    waiting.answer = new Promise((resolve, reject) => Object.assign(waiting, { resolve, reject }))
    this.#waiting = waiting
    this.#socket.write(request)
    return waiting.answer
  }

  close() {
    this.#socket.destroy()
  }

  #read(chunk) {
    this.#chunks.push(chunk)
    if (this.#head === undefined) {
      const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
      const headEnd = all.indexOf(HEAD_END)
      if (headEnd === -1) return
      this.#head = all.toString('latin1', 0, headEnd)
      const body = all.subarray(headEnd + HEAD_END.length)
      this.#missing = Number(/\r\ncontent-length: (\d+)/i.exec(this.#head)[1]) - body.length
      this.#chunks = [body]
    } else {
      this.#missing -= chunk.length
    }
    if (this.#missing > 0) return
    const answer = {
      status: Number(this.#head.slice(9, 12)),
      head: this.#head,
      body: Buffer.concat(this.#chunks),
    }
    this.#head = undefined
    this.#chunks = []
    const { resolve } = this.#waiting
    this.#waiting = undefined
    resolve(answer)
  }

  #lose(error) {
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}

/** Connections that are free, and new ones where none is. */
export class ConnectionPool {
  #port
  #free = []

  constructor(port) {
    this.#port = port
  }

  async open(count) {
    while (this.#free.length < count) this.#free.push(await Connection.open(this.#port))
  }

  /** @returns The answer; only 200 is one. */
  async send(request) {
    const connection = this.#free.pop() ?? (await Connection.open(this.#port))
    const answer = await connection.send(request)
    if (answer.status !== 200) throw new Error(`the server answered ${answer.head}\n${answer.body}`)
    this.#free.push(connection)
    return answer
  }
}

/** As OpenAI's client asks: it wants base64 unless told otherwise. */
export function embeddingsRequest(port, model, input) {
  const body = JSON.stringify({ model, input, encoding_format: 'base64' })
  return Buffer.from(
    `POST /v1/embeddings HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: application/json\r\n` +
      `content-type: application/json\r\nuser-agent: OpenAI/JS\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
