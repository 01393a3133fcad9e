import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import type { LoadData, ToProcess, ToThread } from '../protocol.ts'
import { ParentPort, type Channel } from './parent-port.ts'

/** The channel of a process whose messages go nowhere until the test lets them. */
class FakeChannel extends EventEmitter {
  readonly sent: unknown[] = []
  readonly #unsent: (() => void)[] = []
  isConnected = true

  send(message: unknown, _handle: unknown, _options: unknown, onSent: () => void): boolean {
    this.sent.push(message)
    this.#unsent.push(onSent)
    return true
  }

  letOneGo(): void {
    this.#unsent.shift()?.()
  }

  disconnect(): void {
    this.isConnected = false
  }

  receive(message: ToProcess): void {
    this.emit('message', message)
  }
}

function rig(): { channel: FakeChannel; port: ParentPort } {
  const channel = new FakeChannel()
  return { channel, port: new ParentPort(channel as unknown as Channel) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6
const data: LoadData = {
  version: 1,
  folder: '/models/m',
  graphFile: 'model.onnx',
  intraOpThreads: 1,
  sparesCores: false,
  translation: { targets: {}, textProcessing: undefined },
}

it('takes off a deadline what the request has waited on the way', () => {
  const { channel, port } = rig()
  const received: ToThread[] = []
  port.onMessage((message) => received.push(message))
  const options = { priority: 1, tenant: '', weight: 1, maxTokensPerDoc: Infinity, rawScores: false }
  const request = (deadlineInMs: number): ToThread => ({
    type: 'rerank',
    id: 1,
    query: 'q',
    documents: [],
    options: { ...options, deadlineInMs },
  })
  channel.receive({ type: 'pass-on', message: request(5_000), sentAtMs: nowMs() - 4_000 })
  channel.receive({ type: 'pass-on', message: request(Infinity), sentAtMs: nowMs() - 4_000 })
  const [withDeadline, without] = received.map((message) => 'options' in message && message.options)
  expect(withDeadline).toMatchObject(options)
  expect((withDeadline as { deadlineInMs: number }).deadlineInMs).toBeLessThanOrEqual(1_000)
  expect((withDeadline as { deadlineInMs: number }).deadlineInMs).toBeGreaterThan(-10_000)
  expect(without).toMatchObject({ deadlineInMs: Infinity })
})

it('keeps what comes before anybody listens', async () => {
  const { channel, port } = rig()
  channel.receive({ type: 'load', data })
  for (const message of [{ type: 'stop-run', run: 1 }, { type: 'close' }] as const)
    channel.receive({ type: 'pass-on', message, sentAtMs: nowMs() })
  expect(await port.loadData).toBe(data)
  const received: string[] = []
  port.onMessage(({ type }) => received.push(type))
  channel.receive({ type: 'pass-on', message: { type: 'run-recalled' }, sentAtMs: nowMs() })
  expect(received).toEqual(['stop-run', 'close', 'run-recalled'])
})

it('waits until all that was sent is on its way, before a run as before it closes', async () => {
  const { channel, port } = rig()
  await port.flush()
  for (let i = 0; i < 2; i++) port.send({ type: 'alive' })
  let isFlushed = false
  void port.flush().then(() => (isFlushed = true))
  port.close()
  channel.letOneGo()
  await turn()
  expect([isFlushed, channel.isConnected]).toEqual([false, true])
  channel.letOneGo()
  await turn()
  expect([isFlushed, channel.isConnected, channel.sent.length]).toEqual([true, false, 2])
})
