import { describe, expect, it } from 'vitest'
import { ResolutionError } from '../kernel/errors.ts'
import { Registry } from './registry.ts'

type Factory = (size: number) => string

function registryOf(...names: string[]): Registry<Factory> {
  const registry = new Registry<Factory>('animal')
  for (const name of names) registry.register(name, (size) => `${name} of ${size}`)
  return registry
}

describe('Registry', () => {
  it('builds what was registered, with the configuration', () => {
    expect(registryOf('cat', 'dog').build('dog', 3)).toBe('dog of 3')
  })

  it('knows names as they were written, in order, whatever the case of the question', () => {
    const registry = registryOf('Cat', 'DOG', 'emu')
    expect(registry.names()).toEqual(['Cat', 'DOG', 'emu'])
    for (const name of ['cat', 'CAT', 'Dog', 'EMU']) expect(registry.has(name)).toBe(true)
    expect(registry.has('cow')).toBe(false)
    expect(registry.build('dOg', 1)).toBe('DOG of 1')
  })

  it('replaces a name that differs by case only', () => {
    const registry = registryOf('cat')
    registry.register('CAT', () => 'another')
    expect(registry.names()).toEqual(['CAT'])
    expect(registry.build('cat', 1)).toBe('another')
  })

  it('unregisters once', () => {
    const registry = registryOf('cat')
    expect(registry.unregister('CAT')).toBe(true)
    expect(registry.unregister('cat')).toBe(false)
    expect(registry.has('cat')).toBe(false)
    expect(registry.names()).toEqual([])
  })

  it('refuses an empty name', () => {
    expect(() => registryOf('')).toThrow(RangeError)
    expect(() => registryOf('')).toThrow('got an empty one')
  })

  it('says of an unknown name what there is, and which is nearest', () => {
    const build = (): string => registryOf('minilm', 'bge-small').build('minlim', 1)
    expect(build).toThrow(ResolutionError)
    expect(build).toThrow(
      'There is no animal named "minlim". Did you mean "minilm"? Registered: minilm, bge-small.',
    )
    expect(() => registryOf('minilm').build('translator', 1)).toThrow(
      'There is no animal named "translator". Registered: minilm.',
    )
    expect(() => registryOf().build('x', 1)).toThrow('There is no animal named "x". None is registered.')
    expect(() => new Registry().build('x', undefined as never)).toThrow('no factory named')
  })

  it('passes on what a factory throws, and what it rejects with', async () => {
    const registry = new Registry<() => Promise<void>>()
    const failure = new Error('no such file')
    registry.register('throws', () => {
      throw failure
    })
    registry.register('rejects', () => Promise.reject(failure))
    expect(() => registry.build('throws', undefined)).toThrow(failure)
    await expect(registry.build('rejects', undefined)).rejects.toBe(failure)
  })
})
