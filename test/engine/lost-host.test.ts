import type { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createRuntime,
  LeaseRevokedError,
  type ModelConfig,
  type Runtime,
  type RuntimeOptions,
} from '../../src/index.ts'
import type { ModelFactory } from '../../src/registry/model.ts'
import { Registry } from '../../src/registry/registry.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { onnxFactory } from '../../src/worker/onnx-factory.ts'
import { until } from './harness.ts'

const source = fileURLToPath(new URL('../../models/all-MiniLM-L6-v2', import.meta.url))
const TEXT = 'a sentence of some length that is embedded again and again '.repeat(4)
const MUCH = Array.from({ length: 64 }, () => TEXT.repeat(20))

const threads = new Set<Worker>()
process.on('worker', (worker: Worker) => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
})
const children = new Set<ChildProcess>()
subscribe('child_process', (message) => {
  const child = (message as { process: ChildProcess }).process
  children.add(child)
  child.once('exit', () => children.delete(child))
})

let runtime: Runtime | undefined
afterEach(async () => {
  await runtime?.close({ graceMs: 0 })
  for (const child of children) child.kill('SIGKILL')
})

async function open(model: Partial<ModelConfig>, options: RuntimeOptions = {}): Promise<Runtime> {
  const logger = { warn: () => {} }
  runtime = await createRuntime({ models: { m: { source, ...model } } }, { logger, ...options })
  return runtime
}

describe.each(['thread', 'process'] as const)('with isolation: %s', (isolation) => {
  const crash = (): void => {
    if (isolation === 'thread') for (const worker of threads) void worker.terminate()
    else for (const { pid } of children) process.kill(pid as number, 'SIGKILL')
  }

  it('what dies fails at once what it had begun; what it had not begun is done by the next one', async () => {
    const opened = await open({ isolation })
    const { vectors } = await opened.embed('m', TEXT)
    const alone = vectors[0]
    expect(opened.status('m').isolation).toBe(isolation)
    const calls = Array.from({ length: 120 }, (_, i) => opened.embed('m', `${TEXT} ${i}`))
    // The first batch is at work as soon as one call has been answered.
    await Promise.race(calls)
    crash()
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
    expect((await opened.embed('m', TEXT)).vectors[0]).toEqual(alone)
    expect(opened.status('m')).toMatchObject({
      concurrentAccessCount: 0,
      queuedRequests: 0,
      lastUnloadReason: 'lost',
    })
  })

  it('a run past useTimeoutMs is told to stop, and others go on', async () => {
    const opened = await open({ isolation })
    await opened.embed('m', 'short')
    // Less than a run of a long text takes on any machine.
    opened.configure('m', { useTimeoutMs: 5 })
    const warnings: string[] = []
    opened.on('warning', ({ code }) => void warnings.push(code))
    await expect(opened.embed('m', MUCH)).rejects.toMatchObject({ code: 'INFERENCE' })
    expect(warnings).toContain('stuck-run')
    opened.configure('m', { useTimeoutMs: 60_000 })
    expect((await opened.embed('m', 'short')).generation).toBe(1)
  })
})

it('a swap moves a model into a process and back, and no request fails', async () => {
  const opened = await open({})
  const { vectors } = await opened.embed('m', TEXT)
  let isOver = false
  const requests = (async () => {
    while (!isOver) expect((await opened.embed('m', TEXT)).vectors[0]).toHaveLength(384)
  })()
  for (const isolation of ['process', 'thread'] as const) {
    await opened.swap('m', { isolation })
    expect(opened.status('m').isolation).toBe(isolation)
  }
  isOver = true
  await requests
  expect((await opened.embed('m', TEXT)).vectors).toEqual(vectors)
  expect(opened.status('m').generation).toBe(3)
})

it.skipIf(process.platform === 'win32')(
  'a process that hangs and has not begun is killed, and the next one does the work',
  async () => {
    const clock = new ManualClock()
    const opened = await open({ isolation: 'process', keepAlive: -1 }, { clock })
    await opened.load('m')
    const [child] = children
    process.kill(child?.pid as number, 'SIGSTOP')
    const call = opened.embed('m', TEXT)
    await clock.advanceAsync(20_000)
    expect(await call).toMatchObject({ generation: 2 })
    expect(child?.signalCode).toBe('SIGKILL')
    expect(opened.status('m').lastUnloadReason).toBe('lost')
  },
)

it.skipIf(process.platform === 'win32')(
  'a process that hangs in a run is killed, and the next one serves',
  async () => {
    const clock = new ManualClock()
    let runs = 0
    const registry = new Registry<ModelFactory>('model engine')
    const factory = onnxFactory({ clock })
    registry.register('onnx', async (request) => {
      const model = await factory(request)
      model.onRun?.(() => runs++)
      return model
    })
    const opened = await open({ isolation: 'process', useTimeoutMs: 1_000 }, { clock, registry })
    await opened.load('m')
    const [child] = children
    const call = opened.embed('m', MUCH).catch((error: unknown) => error)
    await until(() => runs > 0)
    // Nothing is read, nothing is answered, and no signal but one is heeded.
    process.kill(child?.pid as number, 'SIGSTOP')
    await clock.advanceAsync(1_000)
    expect(child?.signalCode).toBeNull()
    await clock.advanceAsync(2_000)
    expect(await call).toMatchObject({ code: 'LEASE_REVOKED', wasStarted: true })
    expect((await opened.embed('m', TEXT)).generation).toBe(2)
    expect(opened.status('m').lastUnloadReason).toBe('stuck')
    expect(child?.signalCode).toBe('SIGKILL')
  },
)
