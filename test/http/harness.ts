import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { DEFAULT_SERVER, type ServerSettings } from '../../src/config/server-schema.ts'
import { HttpServer } from '../../src/http/server.ts'
import { FakeRuntime } from './fake-runtime.ts'

export interface Harness {
  runtime: FakeRuntime
  server: HttpServer
  /** Every line that was logged. */
  log: string[]
}

/** A server over a fake runtime with the models `minilm` and `org/bge` and `模型`, closed when the test ends. */
export function harness(settings: Partial<ServerSettings> = {}): Harness {
  const runtime = new FakeRuntime('minilm', 'org/bge', '模型')
  const log: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void log.push(line) })
  const server = new HttpServer(runtime, { ...DEFAULT_SERVER, port: 0, ...settings }, { logger })
  onTestFinished(() => {
    runtime.release()
    return server.close()
  })
  return { runtime, server, log }
}

/** A socket to the server that collects what it answers. */
export async function dial(
  port: number,
): Promise<{ socket: Socket; received: () => string; closed: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString('latin1')))
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return { socket, received: () => text, closed }
}

/** Looks again and again until it holds: for what another thread or the operating system has to do first. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2))
}
