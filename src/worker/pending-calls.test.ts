import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { PendingCalls } from './pending-calls.ts'
import type { EmbedReply } from './protocol.ts'

const REPLY: EmbedReply = {
  type: 'embedded',
  id: 1,
  values: new Float32Array(),
  dimensions: 2,
  tokenCounts: [],
  truncated: [],
  timings: { tokeniseMs: 0, queueMs: 0, inferMs: 0 },
}
const nobody = (): void => expect.unreachable('nobody left')

describe('a call', () => {
  it('is answered under its id', async () => {
    const calls = new PendingCalls()
    const first = calls.open(undefined, nobody)
    const second = calls.open(undefined, nobody)
    calls.resolve(second.id, REPLY)
    await expect(second.reply).resolves.toBe(REPLY)
    expect(calls.size).toBe(1)
    expect(calls.reject(first.id, new Error('no'))).toBe(true)
    await expect(first.reply).rejects.toThrow('no')
  })

  it('ignores what comes after its end', async () => {
    const calls = new PendingCalls()
    const { id, reply } = calls.open(undefined, nobody)
    calls.resolve(id, REPLY)
    expect(calls.reject(id, new Error('late'))).toBe(false)
    await expect(reply).resolves.toBe(REPLY)
  })

  it('ends with the reason of its signal, and tells the thread', async () => {
    const calls = new PendingCalls()
    const controller = new AbortController()
    const withdrawn: number[] = []
    const { id, reply } = calls.open(controller.signal, (id) => withdrawn.push(id))
    const reason = new Error('left')
    controller.abort(reason)
    await expect(reply).rejects.toBe(reason)
    expect(withdrawn).toEqual([id])
  })

  it('leaves no listener on a signal that lives on', async () => {
    const calls = new PendingCalls()
    const { signal } = new AbortController()
    const answered = calls.open(signal, nobody)
    const failed = calls.open(signal, nobody)
    calls.resolve(answered.id, REPLY)
    calls.rejectAll(() => new Error('gone'))
    await expect(failed.reply).rejects.toThrow('gone')
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('gets an error of its own when all are ended', async () => {
    const calls = new PendingCalls()
    const replies = [calls.open(undefined, nobody), calls.open(undefined, nobody)].map(({ reply }) =>
      reply.catch((error: unknown) => error),
    )
    calls.rejectAll(() => new Error('gone'))
    const [first, second] = await Promise.all(replies)
    expect(first).not.toBe(second)
  })
})
