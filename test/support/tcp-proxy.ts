import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A proxy whose connections can be frozen, cut, or made deaf, as networks do it. */
export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<{ client: Socket; upstream: Socket }>()
  /** Swallow what the server answers. */
  isDeaf = false
  #isFrozen = false

  private constructor(port: number) {
    this.#server = createServer((client) => this.#accept(client, port))
  }

  /** @param port Of the server on this machine. */
  static async start(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Connections stay, and nothing passes through, until they are cut or `thaw()`. */
  freeze(): void {
    this.#isFrozen = true
    for (const { client, upstream } of this.#pairs) {
      client.pause()
      upstream.pause()
    }
  }

  thaw(): void {
    this.#isFrozen = false
    for (const { client, upstream } of this.#pairs) {
      client.resume()
      upstream.resume()
    }
  }

  /** Ends all connections; new ones are let in. */
  cut(): void {
    for (const { client, upstream } of this.#pairs) {
      client.destroy()
      upstream.destroy()
    }
    this.#pairs.clear()
  }

  async end(): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }

  #accept(client: Socket, port: number): void {
    const upstream = connect(port, '127.0.0.1')
    const pair = { client, upstream }
    this.#pairs.add(pair)
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => {
      if (!this.isDeaf) client.write(chunk)
    })
    if (this.#isFrozen) {
      client.pause()
      upstream.pause()
    }
    const end = (): void => {
      client.destroy()
      upstream.destroy()
      this.#pairs.delete(pair)
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
  }
}
