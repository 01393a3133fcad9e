import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Deferred } from '../kernel/deferred.ts'

/**
 * Requests that have not been answered yet, by connection. Node tells of a lost connection through events that fail us:
 * a request says `close` as soon as its body was read, and a response that waits behind another one on the same
 * connection says nothing. So the connection is what is watched.
 */
export class Exchanges {
  readonly #bySocket = new Map<Socket, Set<Exchange>>()
  #inFlight = 0
  #drained: Deferred<void> | undefined

  get inFlight(): number {
    return this.#inFlight
  }

  /**
   * Answers with a signal that aborts when the connection is lost before the response was sent, or when the client says
   * that it will send nothing more: one that was killed says just that. `onEnd` is called once, with whether it was sent.
   */
  begin(request: IncomingMessage, response: ServerResponse, onEnd: (wasSent: boolean) => void): AbortSignal {
    const ofSocket = this.#open(request.socket)
    const exchange: Exchange = { client: new AbortController(), onEnd }
    ofSocket.add(exchange)
    this.#inFlight++
    response.once('finish', () => this.#end(ofSocket, exchange, true))
    response.once('close', () => this.#end(ofSocket, exchange, false))
    return exchange.client.signal
  }

  /** Resolves as soon as nothing is in flight. */
  drained(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve()
    this.#drained ??= new Deferred()
    return this.#drained.promise
  }

  #open(socket: Socket): Set<Exchange> {
    const known = this.#bySocket.get(socket)
    if (known !== undefined) return known
    const exchanges = new Set<Exchange>()
    this.#bySocket.set(socket, exchanges)
    socket.once('close', () => {
      this.#bySocket.delete(socket)
      for (const exchange of exchanges) this.#end(exchanges, exchange, false)
    })
    return exchanges
  }

  #end(ofSocket: Set<Exchange>, exchange: Exchange, wasSent: boolean): void {
    if (!ofSocket.delete(exchange)) return
    this.#inFlight--
    if (!wasSent)
      exchange.client.abort(new Error('The client closed the connection before the answer was sent.'))
    exchange.onEnd(wasSent)
    if (this.#inFlight === 0) {
      this.#drained?.resolve()
      this.#drained = undefined
    }
  }
}

interface Exchange {
  client: AbortController
  onEnd(wasSent: boolean): void
}
