import fc from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import {
  ConfigError,
  createRuntime,
  InvalidInputError,
  ModelNotFoundError,
  type Runtime,
} from '../../src/index.ts'
import { finish, isPending, releaseAll, stage, take, watch } from '../scenarios/harness.ts'

const SOURCE = { source: '/m', dtype: 'int8' as const }

describe('a configuration that contradicts itself names both fields', () => {
  it.each([
    [
      { models: { m: { ...SOURCE, slot: 's', maxConcurrent: 3 } } },
      ['models.m.maxConcurrent', 'models.m.slot'],
    ],
    [{ models: { m: { ...SOURCE, pin: true, keepAlive: 0 } } }, ['models.m.pin', 'keepAlive']],
    [
      { models: { m: SOURCE }, minResidencyMs: 9_000, maxSwapWaitMs: 10 },
      ['minResidencyMs', 'maxSwapWaitMs'],
    ],
    [{ models: { m: { ...SOURCE, minResidencyMs: 9_000 } } }, ['models.m.minResidencyMs', 'maxSwapWaitMs']],
    [{ models: { m: SOURCE }, slots: { s: { maxConcurrent: 2 } } }, ['slots.s', 'models.<name>.slot']],
    [{ models: { m: SOURCE, n: { ...SOURCE, slot: 'm' } } }, ['models.n.slot', '"m"']],
  ])('%o', async (config, fields) => {
    const error: unknown = await createRuntime(config).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConfigError)
    for (const field of fields) expect((error as Error).message).toContain(field)
  })
})

describe('limits', () => {
  const limits = [
    'maxConcurrent',
    'maxQueue',
    'accessTimeoutMs',
    'loadingTimeoutMs',
    'waitTimeoutMs',
    'drainTimeoutMs',
  ]
  const values = [-1, NaN, Infinity, -Infinity, '5', null, {}, 1e300]
  it.each(limits.flatMap((name) => values.map((value) => [name, value] as const)))(
    '%s: %o is refused, in the configuration and later',
    async (name, value) => {
      await expect(createRuntime({ models: { m: SOURCE }, [name]: value })).rejects.toThrow(name)
      const s = await stage({ m: {} })
      const before = s.runtime.status('m')
      expect(() => s.runtime.configure('m', { [name]: value })).toThrow(ConfigError)
      expect(() => s.runtime.configure('m', { [name]: value })).toThrow(name)
      expect(s.runtime.status('m')).toEqual(before)
      await finish(s)
    },
  )

  it('that contradict what is in force are refused, and both fields are named', async () => {
    const s = await stage({ m: {} })
    expect(() => s.runtime.configure('m', { maxSwapWaitMs: 10 })).toThrow(/minResidencyMs.*maxSwapWaitMs/)
    expect(() => s.runtime.configureRuntime({ maxParallelLoads: 0 })).toThrow('maxParallelLoads')
    expect(() => s.runtime.configureRuntime({ memoryBudgetBytes: -1 })).toThrow('memoryBudgetBytes')
    expect(() => s.runtime.configureRuntime({ memoryBudget: 1 })).toThrow('memoryBudget')
    await finish(s)
  })
})

describe('names', () => {
  const names = [undefined, null, 7, {}, [], Symbol('m'), Object.create(null) as object, () => 'm']
  const verbs: [string, (runtime: Runtime, name: string) => unknown][] = [
    ['lease', (runtime, name) => runtime.lease(name)],
    ['embed', (runtime, name) => runtime.embed(name, 'a text')],
    ['load', (runtime, name) => runtime.load(name)],
    ['unload', (runtime, name) => runtime.unload(name)],
    ['swap', (runtime, name) => runtime.swap(name, '/other')],
    ['status', async (runtime, name) => runtime.status(name)],
    ['explain', async (runtime, name) => runtime.explain(name)],
    ['cancelLoading', async (runtime, name) => runtime.cancelLoading(name)],
    ['configure', async (runtime, name) => runtime.configure(name, {})],
    ['pin', async (runtime, name) => runtime.pin(name)],
  ]
  it.each(verbs)('%s: of any type, and of no model', async (_, verb) => {
    const s = await stage({ minilm: {} })
    for (const name of names)
      await expect(verb(s.runtime, name as never)).rejects.toBeInstanceOf(InvalidInputError)
    for (const name of ['', 'minilmm', 'MINILM', '__proto__', 'constructor', 'x'.repeat(10_000)])
      await expect(verb(s.runtime, name)).rejects.toBeInstanceOf(ModelNotFoundError)
    await expect(verb(s.runtime, 'minilmm')).rejects.toThrow('Did you mean minilm?')
    releaseAll(await take(s, 1, 'minilm'))
    await finish(s)
  })
})

describe('options', () => {
  it('of any type: served, or refused with the name of the field; the state is unharmed', async () => {
    const s = await stage({ m: { maxConcurrent: 2 } })
    await s.runtime.load('m')
    const anyOptions = fc.record(
      {
        priority: fc.anything(),
        deadlineMs: fc.anything(),
        keepAliveMs: fc.oneof(fc.integer(), fc.anything()),
        tenant: fc.anything(),
        whenFull: fc.anything(),
        dtype: fc.anything(),
        device: fc.anything(),
        signal: fc.anything(),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(anyOptions, async (options) => {
        const seen = watch(s.runtime.lease('m', options as object))
        await s.clock.advanceAsync(60_000)
        expect(isPending(seen)).toBe(false)
        const { outcome } = seen
        if (outcome instanceof InvalidInputError) expect(Object.keys(options)).toContain(outcome.field)
        else if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'DEADLINE_EXCEEDED' })
        else if (outcome !== 'pending') outcome.release()
        expect(s.runtime.status('m')).toMatchObject({ concurrentAccessCount: 0, queuedRequests: 0 })
        const next = await s.runtime.lease('m')
        next.release()
      }),
      { numRuns: 300, seed: 4 },
    )
    await finish(s)
  })

  it.each([
    [{ priority: NaN }, 'priority'],
    [{ priority: 'high' }, 'priority'],
    [{ deadlineMs: NaN }, 'deadlineMs'],
    [{ deadlineMs: '5' }, 'deadlineMs'],
    [{ keepAliveMs: NaN }, 'keepAliveMs'],
    [{ tenant: 5 }, 'tenant'],
    [{ whenFull: 'maybe' }, 'whenFull'],
    [{ dtype: 'int4' }, 'dtype'],
    [{ device: 'auto' }, 'device'],
    [{ signal: {} }, 'signal'],
  ])('%o is refused', async (options, field) => {
    const s = await stage({ m: {} })
    const error: unknown = await s.runtime.lease('m', options as object).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error).toMatchObject({ field, status: 400 })
    expect((error as Error).message).toContain(field)
    expect(s.engine.counts.loads).toBe(0)
    await finish(s)
  })

  it('that are no object are refused', async () => {
    const s = await stage({ m: {} })
    for (const options of [null, 5, 'x'])
      await expect(s.runtime.lease('m', options as never)).rejects.toBeInstanceOf(InvalidInputError)
    await finish(s)
  })

  it('priorities outside 0 to 9 count as the nearer end, and urgent ones go first', async () => {
    const s = await stage({ m: { maxConcurrent: 1 } })
    const held = await take(s, 1, 'm')
    const order: number[] = []
    const asked = [9, 1e9, 4.7, Infinity, -3, 0, -Infinity].map(async (priority) => {
      const lease = await s.runtime.lease('m', { priority })
      order.push(priority)
      lease.release()
    })
    releaseAll(held)
    await Promise.all(asked)
    expect(order).toEqual([-3, 0, -Infinity, 4.7, 9, 1e9, Infinity])
    await finish(s)
  })

  it.each([0, -1, -Infinity])(
    'a deadline of %d ms has passed already: nothing is loaded',
    async (deadlineMs) => {
      const s = await stage({ m: {} })
      await expect(s.runtime.lease('m', { deadlineMs })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
      expect(s.engine.counts.loads).toBe(0)
      await finish(s)
    },
  )

  it('an aborted signal: its reason, and nothing is loaded', async () => {
    const s = await stage({ m: {} })
    const reason = new Error('changed my mind')
    await expect(s.runtime.lease('m', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(s.runtime.embed('m', 'x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(s.engine.counts.loads).toBe(0)
    await finish(s)
  })
})

describe('a swap', () => {
  it.each([
    { source: 5 },
    { source: '' },
    { dtype: 'int4' },
    { device: 'tpu' },
    { fallback: 'int8' },
    { fallback: [{}] },
    { keepAlive: 1 },
    null,
    7,
  ])('to %o is refused, and the model goes on', async (change) => {
    const s = await stage({ m: {} })
    const held = await take(s, 1, 'm')
    await expect(s.runtime.swap('m', change as object)).rejects.toBeInstanceOf(ConfigError)
    expect(s.runtime.status('m')).toMatchObject({ state: 'ready', generation: 1 })
    releaseAll([...held, ...(await take(s, 1, 'm'))])
    await finish(s)
  })
})
