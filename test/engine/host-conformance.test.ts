import { getEventListeners } from 'node:events'
import { rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import {
  DeadlineExceededError,
  InferenceError,
  InputTooLongError,
  InvalidInputError,
  LeaseRevokedError,
  ModelLoadError,
} from '../../src/kernel/errors.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { BatchEvent } from '../../src/kernel/runtime-events.ts'
import type { Isolation } from '../../src/registry/isolation.ts'
import type { Host } from '../../src/worker/host.ts'
import type { OnnxModel } from '../../src/worker/onnx-model.ts'
import { ProcessHost } from '../../src/worker/process-host.ts'
import { startHost } from '../../src/worker/start-host.ts'
import { ThreadHost } from '../../src/worker/thread-host.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import {
  copyOfModel,
  cosine,
  load,
  loadWithHost,
  REFERENCE,
  rows,
  sentences,
  until,
  type LoadOptions,
} from './harness.ts'
import { model as onnxModel, node } from './onnx-writer.ts'
import { tinyCrossEncoder } from './tiny-cross-encoder.ts'
import { referenceOf, tinyModel } from './translation/harness.ts'

const LONG = 'many words '.repeat(200)
/** Work for many runs. */
const MUCH = Array.from({ length: 32 }, (_, i) => `${i} ${LONG}`)

const sum = (batches: readonly BatchEvent[], field: 'texts' | 'tokens' | 'paddedTokens'): number =>
  batches.reduce((total, batch) => total + batch[field], 0)

const errorOf = (reply: Promise<unknown>): Promise<unknown> => reply.catch((error: unknown) => error)

// What holds wherever a model lives.
describe.each<Isolation>(['thread', 'process'])('a model in a %s of its own', (isolation) => {
  const models: OnnxModel[] = []
  async function openWithHost(options?: LoadOptions): Promise<{ model: OnnxModel; host: Host }> {
    const opened = await loadWithHost({ isolation, ...options })
    models.push(opened.model)
    return opened
  }
  const open = async (options?: LoadOptions): Promise<OnnxModel> => (await openWithHost(options)).model
  afterEach(async () => {
    for (const model of models.splice(0)) await model.close()
  })

  describe('its load', () => {
    it('says what was loaded, where, and how far it is', async () => {
      const progress: number[] = []
      const model = await open({ onProgress: (fraction) => progress.push(fraction) })
      expect(model.embedding).toEqual({
        dimensions: 384,
        maxTokens: 256,
        pooling: 'mean',
        isBatchInvariant: true,
        weights: expect.any(String) as unknown,
      })
      expect(model).toMatchObject({ isolation, isolationReason: undefined })
      expect(model.memoryBytes).toBeGreaterThan(20e6)
      expect(progress).toEqual([...progress].sort((a, b) => a - b))
      expect(progress.at(-1)).toBe(1)
    })

    it('ends when it is aborted, with the reason of the signal and with nothing left', async () => {
      for (const whenToAbort of [0, 0.2, 0.5]) {
        const controller = new AbortController()
        const reason = new Error('not wanted any more')
        let isGone = false
        const loading = load({
          isolation,
          signal: controller.signal,
          onProgress: (fraction) => fraction >= whenToAbort && controller.abort(reason),
          startHost: (_, options) => {
            const host = startHost(isolation, options)
            void host.ended.then(() => (isGone = true))
            return host
          },
        })
        await expect(loading).rejects.toBe(reason)
        expect(isGone).toBe(true)
      }
      const before = load({ isolation, signal: AbortSignal.abort(new Error('before')) })
      await expect(before).rejects.toThrow('before')
    })

    it('fails with the class, the message and the cause of the error', async () => {
      using copy = copyOfModel()
      rmSync(join(copy.path, 'manifest.json'))
      unlinkSync(join(copy.path, 'onnx/model_int8.onnx'))
      writeFileSync(join(copy.path, 'onnx/model_int8.onnx'), onnxModel(node('NoSuchOperator')))
      const error = (await errorOf(load({ isolation, source: copy.path }))) as Error
      expect(error).toBeInstanceOf(ModelLoadError)
      expect(error.message).toMatch(/ONNX Runtime cannot load .*model_int8\.onnx/)
      expect((error.cause as Error).name).toBe('OrtError')
      expect((error.cause as Error).message).toContain('model_int8.onnx')
    })

    it('fails when its end comes before the model is there', async () => {
      const loading = load({
        isolation,
        startHost: (_, options) => {
          const host = startHost(isolation, options)
          host.terminate()
          return host
        },
      })
      await expect(loading).rejects.toThrow(
        new RegExp(`^The ${isolation} of minilm:int8@cpu ended .* before the model was loaded`),
      )
    })
  })

  describe('its vectors', () => {
    it('are those of the model, alone and in any batch', async () => {
      const model = await open()
      const texts = [...REFERENCE.map(({ text }) => text), ...sentences(30)]
      const result = await model.embed(texts)
      const together = rows(result)
      for (const [i, { embedding }] of REFERENCE.entries())
        expect(cosine(together[i] as Float32Array, embedding)).toBeGreaterThan(0.99)
      for (const [i, text] of texts.entries()) {
        const [alone] = rows(await model.embed([text]))
        expect(cosine(alone as Float32Array, together[i] as Float32Array)).toBeGreaterThan(0.9999)
      }
      // Nobody else holds the buffers: their owner may pass them on.
      for (const { values } of [result, await model.embed(['a'])])
        expect(values.byteLength).toBe(values.buffer.byteLength)
    })

    it('go with scores of documents, and with what they say of themselves', async () => {
      const model = await open()
      const { scores, tokenCounts, queryTokens } = await model.rerank('a river', [
        'the bank of a stream',
        'seven',
      ])
      expect(scores[0]).toBeGreaterThan(scores[1] as number)
      expect(tokenCounts).toHaveLength(2)
      expect(queryTokens).toBe(4)
      expect(scores.byteLength).toBe(scores.buffer.byteLength)
    })
  })

  describe('a model of another kind', () => {
    it('reads pairs', async () => {
      using tiny = tinyCrossEncoder()
      const model = await open({ source: tiny.path, dtype: 'fp32' })
      expect(model.tasks).toEqual(['rerank'])
      const { scores } = await model.rerank('the cat', ['the dog sat', 'moon'], { rawScores: true })
      const first = [2, ...tiny.idsOf('the cat'), 3]
      const second = [...tiny.idsOf('the dog sat'), 3]
      const types = [...first.map(() => 0), ...second.map(() => 1)]
      expect(scores[0]).toBeCloseTo(tiny.logitOf([...first, ...second], types), 5)
    })

    it('translates, sentence by sentence where that is wanted', async () => {
      const source = tinyModel('en-hi')
      const reference = referenceOf<{ source: string; q8: string }>(source).slice(0, 10)
      const model = await open({ source, dtype: 'q8' })
      const { texts } = await model.translate(reference.map((entry) => entry.source))
      // Other CPUs round differently, and a word may change with the last bit.
      expect(texts.filter((text, i) => text === reference[i]?.q8).length).toBeGreaterThanOrEqual(8)
      const heard: string[] = []
      const text = Array.from({ length: 8 }, () => 'They like this train.').join(' ')
      const whole = await model.translate([text], {
        onSentence: ({ translation }) => void heard.push(translation),
      })
      expect(heard).toHaveLength(8)
      expect(heard.join('')).toBe(whole.texts[0])
    })
  })

  describe('work at once', () => {
    it('takes as many runs as it may, and a process one', async () => {
      const { model, host } = await openWithHost({ limits: { maxRuns: 4, intraOpThreads: 1 } })
      let [active, most] = [0, 0]
      model.onRun(({ phase }) => {
        active += phase === 'started' ? 1 : -1
        most = Math.max(most, active)
      })
      await Promise.all(MUCH.slice(0, 16).map((text) => model.embed([text])))
      expect([most, host.maxRuns]).toEqual(isolation === 'thread' ? [4, Infinity] : [1, 1])
      expect([active, model.activeRuns]).toEqual([0, 0])
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
      const texts = sentences(60).map((text, i) => `${i} ${text}`)
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
      let runs = 0
      model.onRun(({ phase }) => void (runs += phase === 'started' ? 1 : 0))
      await until(() => model.activeRuns === 0)
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      await expect(model.embed(['next'])).resolves.toBeDefined()
      // What was waiting for it is not computed: there is the run of the text above, and what began before the caller left.
      expect(runs).toBeLessThan(5)
    })

    it('before it came costs nothing', async () => {
      const model = await open()
      await expect(model.embed(['a'], { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow(
        'gone',
      )
    })
  })

  describe('bad input', () => {
    it('fails by itself, with the class and the field of the error', async () => {
      const model = await open()
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

    it('of a priority that is none is served all the same', async () => {
      const model = await open()
      for (const priority of [0.5, -1, Infinity, -Infinity, NaN, 1e9]) {
        expect((await model.embed([`priority ${priority}`], { priority })).tokenCounts).toHaveLength(1)
      }
    })

    it('that cannot be sent fails its caller, and leaves nothing behind', async () => {
      const model = await open()
      const controller = new AbortController()
      const odd = { signal: controller.signal, dimensions: (() => 1) as unknown as number }
      expect(await errorOf(model.embed(['a'], odd))).toBeInstanceOf(InvalidInputError)
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      await model.embed(['b'])
    })

    it('does not hide that work is late, though nobody listens during a run', async () => {
      const model = await open({ limits: { maxRuns: 1, intraOpThreads: 1 } })
      const busy = model.embed(MUCH)
      await until(() => model.activeRuns > 0)
      // Over before the run is: the deadline is that of the caller, not of the moment at which it is read.
      const late = await errorOf(model.embed(['late'], { deadlineAtMs: systemClock.nowMs() + 1 }))
      expect(late).toBeInstanceOf(DeadlineExceededError)
      await busy
    })
  })

  describe('its end', () => {
    it('by close waits for the runs, and is idempotent', async () => {
      const model = await open()
      const reply = errorOf(model.embed(MUCH))
      await until(() => model.activeRuns > 0)
      let ended = 0
      model.onRun(({ phase }) => void (ended += phase === 'ended' ? 1 : 0))
      await Promise.all([model.close(), model.close()])
      expect(await reply).toBeInstanceOf(LeaseRevokedError)
      expect(ended).toBeGreaterThan(0)
      expect(model.activeRuns).toBe(0)
      await expect(model.embed(['a'])).rejects.toBeInstanceOf(LeaseRevokedError)
    })

    it('by kill answers callers at once, with the reason', async () => {
      const model = await open()
      const reason = new Error('stuck')
      const reply = errorOf(model.embed(MUCH))
      await until(() => model.activeRuns > 0)
      let isLost = false
      model.onLost(() => (isLost = true))
      const killed = model.kill(reason)
      expect(await reply).toBe(reason)
      await killed
      expect(isLost).toBe(false)
      expect(model.activeRuns).toBe(0)
    })

    it('by a crash is told to callers and listeners, with whether their work had begun', async () => {
      const { model, host } = await openWithHost({ limits: { maxRuns: 1, intraOpThreads: 1 } })
      const lost: Error[] = []
      model.onLost((error) => lost.push(error))
      model.onLost(() => lost.push(new Error('heard after its removal')))[Symbol.dispose]()
      let isStarted = false
      model.onRun(() => (isStarted = true))
      const reply = errorOf(model.embed(MUCH))
      await until(() => isStarted)
      const waiting = errorOf(model.embed(['not begun'], { priority: 9 }))
      host.terminate()
      expect(await reply).toBeInstanceOf(LeaseRevokedError)
      expect(await reply).toMatchObject({ wasStarted: true })
      expect(await waiting).toMatchObject({ code: 'LEASE_REVOKED', wasStarted: false })
      await until(() => lost.length > 0)
      expect(lost).toEqual([expect.any(LeaseRevokedError)])
      expect(model.activeRuns).toBe(0)
      await expect(model.embed(['a'])).rejects.toBeInstanceOf(LeaseRevokedError)
      const late: Error[] = []
      model.onLost((error) => late.push(error))
      expect(late).toHaveLength(1)
    })

    it('is brought about when it hangs and gives no sign of life, which its callers and listeners are told', async () => {
      const clock = new ManualClock()
      const entry = pathToFileURL(join(import.meta.dirname, '../fixtures/hosts/hangs.mjs'))
      const model = await load({
        clock,
        startHost: (_, options) =>
          isolation === 'thread' ? new ThreadHost(options, entry) : new ProcessHost(options, entry),
      })
      let lost: Error | undefined
      model.onLost((error) => (lost = error))
      const reply = errorOf(model.embed(['a']))
      await clock.advanceAsync(15_000)
      expect(lost).toBeUndefined()
      await clock.advanceAsync(5_000)
      expect(await reply).toMatchObject({
        code: 'LEASE_REVOKED',
        wasStarted: false,
        cause: new Error('It gave no sign of life for 15 s.'),
      })
      expect(lost).toBeInstanceOf(LeaseRevokedError)
      await model.close()
    })

    it('of a run alone, by stopRun, fails what it was for and leaves the model as it was', async () => {
      const model = await open()
      const reply = errorOf(model.embed(MUCH))
      const started = new Promise<number>((resolve) => model.onRun(({ run }) => resolve(run)))
      model.stopRun(await started)
      expect(await reply).toBeInstanceOf(InferenceError)
      await expect(model.embed(['next'])).resolves.toBeDefined()
    })
  })

  describe('its memory', () => {
    it.each(['close', 'kill', 'crash'] as const)('comes back after %s', async (how) => {
      const cycle = async (): Promise<number> => {
        const { model, host } = await loadWithHost({ isolation })
        const { memoryBytes } = model
        const reply = errorOf(model.embed([LONG]))
        if (how === 'crash') host.terminate()
        if (how === 'kill') await model.kill(new Error('enough'))
        await model.close()
        await host.ended
        await reply
        return memoryBytes
      }
      for (let i = 0; i < 2; i++) await cycle()
      const before = process.memoryUsage.rss()
      let memoryBytes = 0
      for (let i = 0; i < 5; i++) memoryBytes = await cycle()
      // If a load were not given back, this would be five times the memory of one.
      expect(process.memoryUsage.rss() - before).toBeLessThan(1.5 * memoryBytes)
    })
  })
})
