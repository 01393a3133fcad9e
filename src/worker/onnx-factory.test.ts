import { expect, it } from 'vitest'
import { MODEL_FOLDER } from '../../test/engine/harness.ts'
import { Deferred } from '../kernel/deferred.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import type { WarningEvent } from '../kernel/runtime-events.ts'
import type { Isolation } from '../registry/isolation.ts'
import type { LoadRequest, Model } from '../registry/model.ts'
import type { Host, HostEnd, HostOptions } from './host.ts'
import { onnxFactory } from './onnx-factory.ts'
import type { ToThread } from './protocol.ts'

/** A host that answers its load at once. */
class FakeHost implements Host {
  readonly isolation: Isolation
  readonly maxRuns = 1
  readonly #end = new Deferred<HostEnd>()
  readonly ended: Promise<HostEnd> = this.#end.promise

  constructor(isolation: Isolation, { onMessage }: HostOptions, fault: string | undefined) {
    this.isolation = isolation
    queueMicrotask(() => {
      if (fault === undefined) return onMessage({ type: 'loaded', description: { tasks: ['embed'] } })
      onMessage({ type: 'engine-unavailable', error: { name: 'Error', message: fault, details: {} } })
      return this.terminate()
    })
  }

  post(message: ToThread): void {
    if (message.type === 'close') this.terminate()
  }

  terminate(): void {
    this.#end.resolve({ how: 'as it was told', cause: undefined })
  }
}

interface Rig {
  readonly load: (isolation?: Isolation) => Promise<Model>
  readonly started: Isolation[]
  readonly threads: number[]
  readonly sparing: boolean[]
  readonly warnings: WarningEvent[]
  readonly faults: Partial<Record<Isolation, string>>
}

function rig(faults: Rig['faults']): Rig {
  const [started, threads, warnings]: [Isolation[], number[], WarningEvent[]] = [[], [], []]
  const sparing: boolean[] = []
  const factory = onnxFactory({
    limits: { maxRuns: 3, intraOpThreads: 2 },
    onWarning: (warning) => warnings.push(warning),
    startHost(isolation, options) {
      started.push(isolation)
      threads.push(options.data.intraOpThreads)
      sparing.push(options.data.sparesCores)
      return new FakeHost(isolation, options, faults[isolation])
    },
  })
  const key = { name: 'm', revision: '', dtype: 'int8', device: 'cpu' } as const
  const request: LoadRequest = {
    key,
    source: MODEL_FOLDER,
    signal: new AbortController().signal,
    onProgress: () => {},
  }
  return {
    load: (isolation) => factory({ ...request, isolation }),
    started,
    threads,
    sparing,
    warnings,
    faults,
  }
}

it('loads into a thread, or where the configuration says so into a process, which may have all cores', async () => {
  const { load, started, threads, warnings } = rig({})
  expect(await load()).toMatchObject({ isolation: 'thread', isolationReason: undefined })
  expect(await load('process')).toMatchObject({ isolation: 'process', isolationReason: undefined })
  expect([started, threads, warnings]).toEqual([['thread', 'process'], [2, 6], []])
})

it('spares the cores of models that are in use', async () => {
  const { load, sparing } = rig({})
  const first = await load()
  await load()
  const answer = first.embed?.(['a'])
  await load()
  expect(sparing).toEqual([false, false, true])
  await first.close()
  await expect(answer).rejects.toMatchObject({ code: 'LEASE_REVOKED' })
})

it('falls back to processes where the C API cannot be had, says why, and tries it once', async () => {
  const { load, started, warnings } = rig({ thread: 'no koffi' })
  const reason = 'ONNX Runtime cannot be had by its C API: no koffi'
  expect(await load()).toMatchObject({ isolation: 'process', isolationReason: reason })
  expect(await load('thread')).toMatchObject({ isolation: 'process', isolationReason: reason })
  // Here it is what was asked for.
  expect(await load('process')).toMatchObject({ isolation: 'process', isolationReason: undefined })
  expect(started).toEqual(['thread', 'process', 'process', 'process'])
  expect(warnings).toEqual([{ model: 'm', code: 'isolation', message: expect.stringContaining(reason) }])
})

it('tells of both ways where neither is possible, and tries both again the next time', async () => {
  const { load, started, faults } = rig({ thread: 'no koffi', process: 'no binding' })
  const error = (await load().catch((thrown: unknown) => thrown)) as Error
  expect(error).toBeInstanceOf(ModelLoadError)
  expect(error.message).toMatch(/C API: no koffi .*onnxruntime-node: no binding$/)
  delete faults.thread
  expect(await load()).toMatchObject({ isolation: 'thread' })
  expect(started).toEqual(['thread', 'process', 'thread'])
})

it('does not take a model that cannot be loaded for an engine that is missing', async () => {
  const { load, started } = rig({})
  await expect(load('thread')).resolves.toBeDefined()
  const missing = onnxFactory()({
    key: { name: 'm', revision: '', dtype: 'int8', device: 'cpu' },
    source: '/no/such/folder',
    signal: new AbortController().signal,
    onProgress: () => {},
  })
  await expect(missing).rejects.toThrow('does not exist')
  expect(started).toEqual(['thread'])
})
