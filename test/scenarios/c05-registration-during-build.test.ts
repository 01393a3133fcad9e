import { describe, expect, it } from 'vitest'
import { LEVELS } from './levels.ts'

describe.each(LEVELS)('C5: registering and building mixed, %s', (_where, run) => {
  it('a build uses the factory it looked up, even if the name is registered anew meanwhile', async () => {
    const results = await run(async ({ Registry }) => {
      const registry = new Registry<(n: number) => Promise<string>>('model')
      const factory = (version: number) => async (n: number) => {
        for (let hop = 0; hop < n % 3; hop++) await Promise.resolve()
        return `${n} by ${version}`
      }
      const builds: Promise<string>[] = []
      for (let version = 0; version < 20; version++) {
        registry.register(version % 2 === 0 ? 'model' : 'MODEL', factory(version))
        builds.push(registry.build('Model', version))
        if (version % 3 === 0) await Promise.resolve()
      }
      registry.unregister('model')
      return Promise.all(builds)
    })
    expect(results).toEqual(Array.from({ length: 20 }, (_unused, n) => `${n} by ${n}`))
  })
})
