import { describe, expect, it } from 'vitest'
import { LEVELS } from './levels.ts'

describe.each(LEVELS)('C6: names of the registry, %s', (_where, run) => {
  it('are case-insensitive; an unknown one says what is known and the nearest match', async () => {
    const { found, message, code } = await run(({ Registry }) => {
      const registry = new Registry<() => string>('model')
      registry.register('MiniLM', () => 'minilm')
      registry.register('bge-small', () => 'bge')
      const found = ['minilm', 'MINILM', 'MiniLM'].map((name) => registry.build(name, undefined))
      try {
        registry.build('MinLM', undefined)
      } catch (error) {
        const { message, code } = error as Error & { code: string }
        return Promise.resolve({ found, message, code })
      }
      throw new Error('An unknown name was built.')
    })
    expect(found).toEqual(['minilm', 'minilm', 'minilm'])
    expect(message).toBe(
      'There is no model named "MinLM". Did you mean "MiniLM"? Registered: MiniLM, bge-small.',
    )
    expect(code).toBe('RESOLUTION')
  })
})
