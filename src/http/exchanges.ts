import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Deferred } from '../kernel/deferred.ts'

/**
 * Requests that have not been answered yet, by connection. Node tells of a lost connection through events that fail us:
 * a request says `close` as soon as its body was read, and a response that waits behind another one on the same
 * connection says nothing. So the connection is what is watched.
 */
export class Exchanges {
  readonly #connections = new Map<Socket, Connection>()
  #inFlight = 0
  #drained: Deferred<void> | undefined

  get inFlight(): number {
    return this.#inFlight
  }

  /**
   * Answers with a signal that aborts when the connection is lost before the response was sent, or when the client says
   * that it will send nothing more: one that was killed says just that. All requests of a connection share it: to make one
   * takes longer than all else that is done here. `onEnd` is called once, with whether the response was sent.
   */
  begin(request: IncomingMessage, response: ServerResponse, onEnd: (wasSent: boolean) => void): AbortSignal {
    const connection = this.#open(request.socket)
    const exchange: Exchange = { onEnd }
    connection.exchanges.add(exchange)
    this.#inFlight++
    response.once('finish', () => this.#end(connection, exchange, true))
    response.once('close', () => this.#end(connection, exchange, false))
    return connection.client.signal
  }

  /** Resolves as soon as nothing is in flight. */
  drained(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve()
    this.#drained ??= new Deferred()
    return this.#drained.promise
  }

  #open(socket: Socket): Connection {
    const known = this.#connections.get(socket)
    if (known !== undefined) return known
    const connection: Connection = { client: new AbortController(), exchanges: new Set() }
    this.#connections.set(socket, connection)
    socket.once('close', () => {
      this.#connections.delete(socket)
      for (const exchange of connection.exchanges) this.#end(connection, exchange, false)
    })
    return connection
  }

  #end({ client, exchanges }: Connection, exchange: Exchange, wasSent: boolean): void {
    if (!exchanges.delete(exchange)) return
    this.#inFlight--
    if (!wasSent) client.abort(new Error('The client closed the connection before the answer was sent.'))
    exchange.onEnd(wasSent)
    if (this.#inFlight === 0) {
      this.#drained?.resolve()
      this.#drained = undefined
    }
  }
}

interface Connection {
  readonly client: AbortController
  readonly exchanges: Set<Exchange>
}

interface Exchange {
  onEnd(wasSent: boolean): void
}
