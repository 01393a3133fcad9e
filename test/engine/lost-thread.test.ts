import type { Worker } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { createRuntime, LeaseRevokedError, type Runtime } from '../../src/index.ts'

const source = fileURLToPath(new URL('../../models/all-MiniLM-L6-v2', import.meta.url))
const TEXT = 'a sentence of some length that is embedded again and again '.repeat(4)

const threads = new Set<Worker>()
const onWorker = (worker: Worker): void => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
}
process.on('worker', onWorker)

let runtime: Runtime | undefined
afterEach(() => runtime?.close({ graceMs: 0 }))

it('a thread that dies fails at once what it had begun; what it had not begun is done by the next one', async () => {
  runtime = await createRuntime({ models: { m: { source } } }, { logger: { warn: () => {} } })
  const { vectors } = await runtime.embed('m', TEXT)
  const alone = vectors[0]
  const opened = runtime
  const calls = Array.from({ length: 120 }, () => opened.embed('m', TEXT))
  // The first batch is at work as soon as one call has been answered.
  await Promise.race(calls)
  for (const worker of threads) void worker.terminate()
  const outcomes = await Promise.allSettled(calls)
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
  const generations = new Set(
    outcomes.map((it) => (it.status === 'fulfilled' ? it.value.generation : undefined)),
  )
  for (const { reason } of failed) {
    expect(reason).toBeInstanceOf(LeaseRevokedError)
    expect(reason).toMatchObject({ wasStarted: true, model: 'm' })
  }
  // Only what was in a run at that moment is lost, which is far less than all that waited.
  expect(failed.length).toBeLessThan(60)
  expect(generations).toContain(2)
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') expect(outcome.value.vectors[0]).toEqual(alone)
  }
  expect(runtime.status('m')).toMatchObject({
    concurrentAccessCount: 0,
    queuedRequests: 0,
    lastUnloadReason: 'lost',
  })
})

it('a run past useTimeoutMs is told to stop, and others go on', async () => {
  runtime = await createRuntime(
    { models: { m: { source, useTimeoutMs: 30 } } },
    { logger: { warn: () => {} } },
  )
  await runtime.embed('m', 'short')
  const warnings: string[] = []
  runtime.on('warning', ({ code }) => void warnings.push(code))
  const long = runtime.embed(
    'm',
    Array.from({ length: 64 }, () => TEXT.repeat(20)),
  )
  await expect(long).rejects.toMatchObject({ code: 'INFERENCE' })
  expect(warnings).toContain('stuck-run')
  expect((await runtime.embed('m', 'short')).generation).toBe(1)
})
