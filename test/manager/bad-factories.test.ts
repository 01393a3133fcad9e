import { describe, expect, it } from 'vitest'
import { ModelLoadError } from '../../src/index.ts'
import type { Model, ModelFactory } from '../../src/registry/model.ts'
import { askFor, finish, releaseAll, stage, take, untilSettled, watch } from '../scenarios/harness.ts'

/** The first load goes as `first` says, later ones as the engine does. */
const firstLoad =
  (first: ModelFactory) =>
  (engine: ModelFactory): ModelFactory => {
    let loads = 0
    return (request) => (loads++ === 0 ? first(request) : engine(request))
  }

const NO_MODELS: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a text', 'model'],
  ['an empty object', {}],
  ['a model without onLost', { tasks: ['embed'], close: () => {}, kill: () => {}, stopRun: () => {} }],
  ['a model without tasks', { close: () => {}, kill: () => {}, stopRun: () => {}, onLost: () => {} }],
]

describe('a factory', () => {
  it.each(NO_MODELS)(
    'that gives %s fails its load with a clear error, and the next load is free',
    async (_, given) => {
      const s = await stage(
        { m: {} },
        {},
        firstLoad(() => Promise.resolve(given as Model)),
      )
      const waiting = askFor(s, 3, 'm')
      await s.clock.settle()
      for (const { outcome } of waiting) {
        expect(outcome).toBeInstanceOf(ModelLoadError)
        expect((outcome as Error).message).toContain('instead of a model')
      }
      expect(s.runtime.status('m')).toMatchObject({ state: 'failed', isLoading: false, memoryBytes: 0 })
      await s.runtime.load('m')
      releaseAll(await take(s, 1, 'm'))
      await finish(s)
    },
  )

  it.each([
    [
      'throws',
      () => {
        throw new Error('at once')
      },
    ],
    ['rejects', () => Promise.reject(new Error('at once'))],
    ['rejects with what is no error', () => Promise.reject('at once')],
  ] as [string, ModelFactory][])('that %s fails its load with the cause', async (_, factory) => {
    const s = await stage({ m: {} }, {}, firstLoad(factory))
    const error = await s.runtime.lease('m').catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ModelLoadError)
    expect(error).toMatchObject({ model: 'm', retryAfterMs: 10_000 })
    expect((error as Error).message).toContain('at once')
    await s.runtime.load('m')
    await finish(s)
  })

  it('that hangs is given up after the loading timeout, even if it never hears of it', async () => {
    const s = await stage(
      { m: { loadingTimeoutMs: 1_000 } },
      {},
      firstLoad(() => new Promise(() => {})),
    )
    const waiting = askFor(s, 3, 'm')
    await s.clock.advanceAsync(1_000)
    for (const { outcome } of waiting) expect(outcome).toMatchObject({ code: 'LOADING_TIMEOUT' })
    const next = watch(s.runtime.load('m'))
    await untilSettled(s, [next])
    expect(next.outcome).toBeUndefined()
    expect(s.warnings).toContainEqual(expect.objectContaining({ code: 'abandoned' }))
    await finish(s)
  })

  it('that answers late, after an abort, has its model closed', async () => {
    const s = await stage({ m: { loadingTimeoutMs: 1_000 } })
    s.engine.script('m', { loadMs: 10_000, abortMs: Infinity, closeMs: 50 }, {})
    const waiting = watch(s.runtime.lease('m'))
    await s.clock.advanceAsync(1_000)
    expect(waiting.outcome).toMatchObject({ code: 'LOADING_TIMEOUT' })
    await s.clock.advanceAsync(20_000)
    expect(s.engine.models.map(({ state }) => state)).toEqual(['closed'])
    expect(s.runtime.status('m')).toMatchObject({ memoryBytes: 0, isLoading: false })
    releaseAll(await take(s, 1, 'm'))
    await finish(s)
  })

  it('that reports progress beyond its end, or nonsense, changes nothing', async () => {
    let report: ((fraction: number) => void) | undefined
    const s = await stage({ m: {} }, {}, (engine) => (request) => {
      report = (fraction) => request.onProgress(fraction)
      return engine(request)
    })
    s.engine.script('m', { loadMs: 100 })
    const loading = s.runtime.load('m')
    for (const fraction of [0.5, NaN, -1, 2, Infinity]) report?.(fraction)
    expect(s.runtime.status('m')).toMatchObject({ progress: 0.5 })
    await s.clock.advanceAsync(100)
    await loading
    report?.(0.7)
    expect(s.runtime.status('m')).toMatchObject({ state: 'ready' })
    expect(s.runtime.status('m')).not.toHaveProperty('progress')
    await finish(s)
  })

  it.each([NaN, Infinity, -5, 0])(
    'whose model says that it takes %d bytes is counted by the estimate',
    async (memoryBytes) => {
      const s = await stage({ m: {}, n: {} }, { memoryBudgetBytes: 200e6 })
      s.engine.script('m', { memoryBytes })
      const held = await take(s, 1, 'm')
      expect(s.runtime.status('m').memoryBytes).toBe(60e6)
      releaseAll([...held, ...(await take(s, 1, 'n'))])
      await finish(s)
    },
  )
})

describe('a model', () => {
  it('whose close fails is gone all the same, and somebody is told', async () => {
    const s = await stage({ m: {} })
    s.engine.script('m', { closeError: new Error('cannot close') })
    await s.runtime.load('m')
    expect(await s.runtime.unload('m')).toBe(true)
    expect(s.warnings).toContainEqual(
      expect.objectContaining({ code: 'stray-error', message: 'Error: cannot close' }),
    )
    releaseAll(await take(s, 1, 'm'))
    await finish(s)
  })

  it('that neither closes nor can be killed is written off, and the slot is free again', async () => {
    const never = (): Promise<never> => new Promise(() => {})
    const s = await stage({ m: {} }, {}, (engine) => async (request) => {
      const model = await engine(request)
      if (s.engine.counts.loads === 1) Object.assign(model, { close: never, kill: never })
      return model
    })
    await s.runtime.load('m')
    const first = s.engine.model('m')
    const unloading = watch(s.runtime.unload('m'))
    const next = watch(s.runtime.lease('m'))
    await untilSettled(s, [unloading])
    await s.clock.settle()
    expect(next.outcome).toMatchObject({ generation: 2 })
    expect(s.warnings).toContainEqual(expect.objectContaining({ code: 'abandoned' }))
    ;(await next.promise).release()
    first.die()
    await finish(s)
  })

  it('that dies fails its callers at once with the cause, and the next request loads it again', async () => {
    const s = await stage({ m: {} })
    s.engine.script('m', { runMs: 1_000 })
    const held = await s.runtime.lease('m')
    const use = watch(s.runtime.embed('m', 'a text'))
    await s.clock.settle()
    const death = new Error('out of memory')
    s.engine.model('m').die(death)
    await s.clock.settle()
    expect(use.outcome).toBe(death)
    expect(() => held.model).toThrow(expect.objectContaining({ code: 'LEASE_REVOKED', cause: death }))
    held.release()
    expect(s.runtime.status('m')).toMatchObject({ lastError: 'out of memory', concurrentAccessCount: 0 })
    const next = await s.runtime.lease('m')
    expect(next.generation).toBe(2)
    next.release()
    await finish(s)
  })
})
