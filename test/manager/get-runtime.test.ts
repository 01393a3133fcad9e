import { afterEach, expect, it, vi } from 'vitest'
import type * as leasehold from '../../src/index.ts'
import { ConfigError, getRuntime, type Runtime, type RuntimeConfig } from '../../src/index.ts'

const CONFIG: RuntimeConfig = { models: { m: { source: '/m', dtype: 'int8' } } }
const opened: Runtime[] = []

async function open(...parameters: Parameters<typeof getRuntime>): Promise<Runtime> {
  const runtime = await getRuntime(...parameters)
  opened.push(runtime)
  return runtime
}

afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close()
})

/** The package once more, as a second copy of it, or the code after a hot reload, would load it. */
async function anotherCopy(): Promise<typeof leasehold> {
  vi.resetModules()
  return await import('../../src/index.ts')
}

it('gives one runtime, however often and at once it is asked for', async () => {
  const runtimes = await Promise.all(Array.from({ length: 5 }, () => open(CONFIG)))
  expect(new Set(runtimes).size).toBe(1)
  expect(await getRuntime()).toBe(runtimes[0])
})

it('gives the same one to another copy of the package, and after a hot reload', async () => {
  const runtime = await open(CONFIG)
  for (let reload = 0; reload < 3; reload++) {
    const copy = await anotherCopy()
    expect(copy.getRuntime).not.toBe(getRuntime)
    expect(await copy.getRuntime()).toBe(runtime)
    expect(await copy.getRuntime({ ...CONFIG })).toBe(runtime)
  }
})

it('recognises errors across copies', async () => {
  const runtime = await open(CONFIG)
  const copy = await anotherCopy()
  const error: unknown = await runtime.lease('unknown').catch((error: unknown) => error)
  expect(error).toBeInstanceOf(copy.ModelNotFoundError)
  expect(error).toBeInstanceOf(copy.LeaseholdError)
  expect(error).not.toBeInstanceOf(copy.ConfigError)
})

it('refuses another configuration as long as the first one lives', async () => {
  await open(CONFIG)
  await expect(getRuntime({ models: {} })).rejects.toBeInstanceOf(ConfigError)
  expect(await getRuntime(CONFIG)).toBe(opened[0])
})

it('makes a new one after the close, from the moment at which the close begins', async () => {
  const first = await open(CONFIG)
  const closing = first.close()
  const second = await open({ models: { n: { source: '/n', dtype: 'int8' } } })
  expect(second).not.toBe(first)
  expect(second.models().map(({ name }) => name)).toEqual(['n'])
  await closing
  expect(await getRuntime()).toBe(second)
})

it('needs a configuration the first time, and forgets one that was wrong', async () => {
  await expect(getRuntime()).rejects.toBeInstanceOf(ConfigError)
  await expect(getRuntime({ models: { m: { source: '' } } })).rejects.toThrow('models.m.source')
  expect((await open(CONFIG)).models()).toHaveLength(1)
})
