import { describe, expect, it } from 'vitest'
import { ConfigError } from '../kernel/errors.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { resolveRuntimeConfig } from './resolve.ts'

const minimal = { models: { minilm: { source: './minilm' } } }

function refusal(input: unknown): string {
  try {
    resolveRuntimeConfig(input)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error('The configuration was accepted.')
}

describe('resolveRuntimeConfig', () => {
  it('fills in every default', () => {
    const resolved = resolveRuntimeConfig(minimal)
    expect(resolved).toMatchObject({ maxParallelLoads: 2, graceMs: 10_000 })
    expect(resolved.models.get('minilm')).toEqual({
      source: './minilm',
      task: undefined,
      dtype: undefined,
      device: 'auto',
      revision: '',
      isolation: 'thread',
      keepAliveMs: 300_000,
      slot: 'minilm',
      group: undefined,
      preload: false,
      pin: false,
      fallback: [],
      limits: DEFAULT_LIMITS,
    })
  })

  it('takes three quarters of the memory unless told otherwise', () => {
    const whole = resolveRuntimeConfig({ ...minimal, memoryBudgetBytes: '100%' }).memoryBudgetBytes
    expect(resolveRuntimeConfig(minimal).memoryBudgetBytes).toBe(Math.floor(whole * 0.75))
    expect(resolveRuntimeConfig({ ...minimal, memoryBudgetBytes: 5e9 }).memoryBudgetBytes).toBe(5e9)
  })

  it("lets a slot's limits override the runtime's, and a model's its own slot's", () => {
    const { models } = resolveRuntimeConfig({
      maxQueue: 100,
      maxConcurrent: 3,
      slots: { gpu: { maxQueue: 7 } },
      models: {
        own: { source: 'a', maxQueue: 9, keepAlive: -1 },
        shared: { source: 'b', slot: 'gpu' },
      },
    })
    expect(models.get('own')).toMatchObject({
      keepAliveMs: Infinity,
      limits: { maxQueue: 9, maxConcurrent: 3 },
    })
    expect(models.get('shared')).toMatchObject({ slot: 'gpu', limits: { maxQueue: 7, maxConcurrent: 3 } })
  })

  it('takes undefined for absent', () => {
    const model = { source: 'a', dtype: undefined, maxQueue: undefined }
    expect(
      resolveRuntimeConfig({ models: { m: model }, maxQueue: undefined }).models.get('m')?.limits,
    ).toEqual(DEFAULT_LIMITS)
  })

  it.each([
    [undefined, 'the configuration is missing'],
    [[], 'the configuration must be a mapping of fields, not []'],
    [{}, 'models is missing'],
    [{ models: [] }, 'models must be a mapping of names, not []'],
    [{ models: { m: {} } }, 'models.m.source is missing'],
    [{ models: { m: { source: '' } } }, 'models.m.source must not be empty'],
    [{ ...minimal, maxConcurent: 3 }, 'maxConcurent is unknown; did you mean maxConcurrent?'],
    [{ ...minimal, dtype: 'int8' }, 'dtype is unknown here; did you mean models.<name>.dtype?'],
    [
      { models: { m: { source: 'a', dtpye: 'q8' } } },
      'models.m.dtpye is unknown; did you mean models.m.dtype?',
    ],
    [
      { models: { m: { source: 'a', dtype: 'int9' } } },
      'models.m.dtype must be one of fp32, fp16, int8, q8, q4, not "int9"',
    ],
    [{ ...minimal, maxConcurrent: 0 }, 'maxConcurrent must be at least 1, not 0'],
    [{ ...minimal, maxConcurrent: 1.5 }, 'maxConcurrent must be a whole number, not 1.5'],
    [{ ...minimal, maxConcurrent: '3' }, 'maxConcurrent must be a number, not "3"'],
    [{ ...minimal, accessTimeoutMs: Number.NaN }, 'accessTimeoutMs must be a number, not NaN'],
    [{ ...minimal, accessTimeoutMs: Infinity }, 'accessTimeoutMs must be a number, not Infinity'],
    [{ ...minimal, accessTimeoutMs: -1 }, 'accessTimeoutMs must be at least 1, not -1'],
    [{ ...minimal, keepAlive: 'soon' }, 'keepAlive must be a number of seconds or a duration'],
    [{ ...minimal, keepAlive: Number.NaN }, 'keepAlive must be a number or a text, not NaN'],
    [{ ...minimal, memoryBudgetBytes: '101%' }, 'memoryBudgetBytes must be a number of bytes or a share'],
    [{ models: { m: { source: 'a', fallback: [{}] } } }, 'models.m.fallback.0 must change at least one of'],
    [{ ...minimal, tenants: { a: { weight: 0 } } }, 'tenants.a.weight must be at least 0.001, not 0'],
    [{ models: { 'a\nb': { source: 'a' } } }, 'is not a name'],
  ])('refuses %j', (input, message) => {
    expect(refusal(input)).toContain(message)
  })

  it('names both fields of a contradiction', () => {
    expect(refusal({ models: { m: { source: 'a', pin: true, keepAlive: 0 } } })).toBe(
      'models.m.pin contradicts keepAlive 0: a pinned model is never unloaded for idleness.',
    )
    expect(refusal({ models: { m: { source: 'a', slot: 's', maxQueue: 1 } } })).toBe(
      'models.m.maxQueue contradicts models.m.slot: the limits of a shared slot belong in slots.s.maxQueue.',
    )
    expect(refusal({ ...minimal, minResidencyMs: 9000 })).toContain(
      'minResidencyMs contradicts maxSwapWaitMs',
    )
    expect(refusal({ ...minimal, slots: { s: {} } })).toContain('slots.s is used by no model')
    expect(refusal({ models: { a: { source: 'a' }, b: { source: 'b', slot: 'a' } } })).toContain(
      'models.b.slot names the slot of the model "a", which shares none',
    )
  })

  it('lists all faults at once', () => {
    expect(refusal({ ...minimal, maxQueue: -1, graceMs: 'long' })).toBe(
      '2 faults:\n  graceMs must be a number, not "long"\n  maxQueue must be at least 0, not -1',
    )
  })
})
