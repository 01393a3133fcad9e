import { getEventListeners } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  DeadlineExceededError,
  InferenceError,
  InputTooLongError,
  InvalidInputError,
  LeaseRevokedError,
} from '../../src/kernel/errors.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { BatchEvent } from '../../src/kernel/runtime-events.ts'
import type { OnnxModel } from '../../src/worker/onnx-model.ts'
import { load, sentences, type LoadOptions } from './harness.ts'

const LONG = 'many words '.repeat(200)
/** Work for about a second. */
const MUCH = Array.from({ length: 80 }, (_, i) => `${i} ${LONG}`)

const models: OnnxModel[] = []
async function open(options?: LoadOptions): Promise<OnnxModel> {
  const model = await load(options)
  models.push(model)
  return model
}
afterEach(async () => {
  for (const model of models.splice(0)) await model.close()
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

const sum = (batches: readonly BatchEvent[], field: 'texts' | 'tokens' | 'paddedTokens'): number =>
  batches.reduce((total, batch) => total + batch[field], 0)

/** Ends the thread behind the back of the model, as a crash would. */
async function crash(model: OnnxModel): Promise<void> {
  const post = vi.spyOn(Worker.prototype, 'postMessage')
  model.stopRuns()
  const worker = post.mock.contexts[0] as Worker
  post.mockRestore()
  await worker.terminate()
}

describe('work at once', () => {
  it('takes as many runs as it may', async () => {
    const model = await open({ limits: { maxRuns: 4, intraOpThreads: 1 } })
    const replies = Promise.all(MUCH.slice(0, 16).map((text) => model.embed([text])))
    await until(() => model.activeRuns === 4)
    await replies
    expect(model.activeRuns).toBe(0)
  })

  it('leaves the event loop of the main side free', async () => {
    const model = await open()
    let [last, longestGapMs] = [performance.now(), 0]
    const ticker = setInterval(() => {
      longestGapMs = Math.max(longestGapMs, performance.now() - last)
      last = performance.now()
    }, 2)
    const startedAt = performance.now()
    await model.embed(MUCH)
    clearInterval(ticker)
    expect(longestGapMs).toBeLessThan((performance.now() - startedAt) / 4)
  })

  it('is batched, and every batch is reported', async () => {
    const batches: BatchEvent[] = []
    const model = await open({ onBatch: (event) => batches.push(event) })
    const texts = sentences(60)
    const { tokenCounts } = await model.embed(texts)
    expect(sum(batches, 'texts')).toBe(60)
    expect(sum(batches, 'tokens')).toBe(tokenCounts.reduce((a, b) => a + b))
    expect(batches.length).toBeLessThan(40)
    expect(new Set(batches.map((batch) => batch.model))).toEqual(new Set(['minilm']))
    const [tokens, padded] = [sum(batches, 'tokens'), sum(batches, 'paddedTokens')]
    expect(padded).toBeLessThan(tokens * 1.2)
  })

  it('does not wait behind a large request', async () => {
    const model = await open()
    const order: string[] = []
    await Promise.all([
      model.embed(MUCH).then(() => order.push('large')),
      model.embed(['small'], { priority: 0 }).then(() => order.push('small')),
    ])
    expect(order).toEqual(['small', 'large'])
  })
})

describe('a caller that leaves', () => {
  it('stops the run that was for it alone', async () => {
    const model = await open()
    const controller = new AbortController()
    const reply = model.embed(MUCH, { signal: controller.signal })
    await until(() => model.activeRuns > 0)
    const reason = new Error('gone')
    controller.abort(reason)
    await expect(reply).rejects.toBe(reason)
    await until(() => model.activeRuns === 0)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    await expect(model.embed(['next'])).resolves.toBeDefined()
  })

  it('before it came costs nothing', async () => {
    const model = await open()
    await expect(model.embed(['a'], { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone')
  })
})

describe('bad input', () => {
  it('fails by itself, with the class and the field of the error', async () => {
    const model = await open()
    const errorOf = (reply: Promise<unknown>): Promise<unknown> => reply.catch((error: unknown) => error)
    const [good, tooLong, badId, late, tooMany] = await Promise.all([
      model.embed(sentences(20)),
      errorOf(model.embed(['short', LONG], { truncate: false })),
      errorOf(model.embed([[1, 2, 99_999]])),
      errorOf(model.embed(['late'], { deadlineAtMs: systemClock.nowMs() - 1 })),
      errorOf(model.embed(['a'], { dimensions: 385 })),
    ])
    expect(tooLong).toBeInstanceOf(InputTooLongError)
    expect(tooLong).toMatchObject({ field: 'input[1]' })
    expect(badId).toBeInstanceOf(InvalidInputError)
    expect(badId).toMatchObject({ field: 'input[0][2]' })
    expect(late).toBeInstanceOf(DeadlineExceededError)
    expect(tooMany).toMatchObject({ field: 'dimensions' })
    expect(good.tokenCounts).toHaveLength(20)
  })
})

describe('the end', () => {
  it('by close waits for the thread, and is idempotent', async () => {
    const model = await open()
    const reply = model.embed(MUCH).catch((error: unknown) => error)
    await until(() => model.activeRuns > 0)
    await Promise.all([model.close(), model.close()])
    expect(await reply).toBeInstanceOf(LeaseRevokedError)
    expect(model.activeRuns).toBe(0)
    await expect(model.embed(['a'])).rejects.toBeInstanceOf(LeaseRevokedError)
  })

  it('by kill answers callers at once, with the reason', async () => {
    const model = await open()
    const reason = new Error('stuck')
    const reply = model.embed(MUCH).catch((error: unknown) => error)
    await until(() => model.activeRuns > 0)
    let isLost = false
    model.onLost(() => (isLost = true))
    const killed = model.kill(reason)
    expect(await reply).toBe(reason)
    await killed
    expect(isLost).toBe(false)
    expect(model.activeRuns).toBe(0)
  })

  it('by a crash is told to callers and listeners', async () => {
    const model = await open()
    const lost: Error[] = []
    model.onLost((error) => lost.push(error))
    model.onLost(() => lost.push(new Error('heard after its removal')))[Symbol.dispose]()
    const reply = model.embed(MUCH).catch((error: unknown) => error)
    await until(() => model.activeRuns > 0)
    await crash(model)
    expect(await reply).toBeInstanceOf(LeaseRevokedError)
    await until(() => lost.length > 0)
    expect(lost).toEqual([expect.any(LeaseRevokedError)])
    expect(model.activeRuns).toBe(0)
    await expect(model.embed(['a'])).rejects.toBeInstanceOf(LeaseRevokedError)
    const late: Error[] = []
    model.onLost((error) => late.push(error))
    expect(late).toHaveLength(1)
  })

  it('of a run alone, by stopRuns, fails what it was for and leaves the model as it was', async () => {
    const model = await open()
    const reply = model.embed(MUCH).catch((error: unknown) => error)
    await until(() => model.activeRuns > 0)
    model.stopRuns()
    expect(await reply).toBeInstanceOf(InferenceError)
    await expect(model.embed(['next'])).resolves.toBeDefined()
  })
})

describe('memory', () => {
  it.each(['close', 'kill', 'crash'] as const)('comes back after %s', async (how) => {
    const cycle = async (): Promise<number> => {
      const model = await load()
      const { memoryBytes } = model
      const reply = model.embed([LONG]).catch(() => {})
      if (how === 'crash') await crash(model)
      if (how === 'kill') await model.kill(new Error('enough'))
      await model.close()
      await reply
      return memoryBytes
    }
    for (let i = 0; i < 3; i++) await cycle()
    const before = process.memoryUsage.rss()
    let memoryBytes = 0
    for (let i = 0; i < 6; i++) memoryBytes = await cycle()
    // If a load were not given back, this would be six times the memory of one.
    expect(process.memoryUsage.rss() - before).toBeLessThan(1.5 * memoryBytes)
  })
})
