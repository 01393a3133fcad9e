import { describe, expect, it } from 'vitest'
import { LEVELS } from './levels.ts'

describe.each(LEVELS)('C1: 5 tasks register 10 models each at once, %s', (_where, run) => {
  it('50 names, none lost', async () => {
    const { names, built } = await run(async ({ Registry }) => {
      const registry = new Registry<(size: number) => string>('model')
      const tasks = Array.from({ length: 5 }, async (_unused, task) => {
        for (let n = 0; n < 10; n++) {
          // Each task yields at other places, so that their registrations interleave.
          for (let hop = 0; hop < (task * 7 + n) % 4; hop++) await Promise.resolve()
          registry.register(`model-${task}-${n}`, (size) => `${task}-${n} of ${size}`)
        }
      })
      await Promise.all(tasks)
      return { names: registry.names(), built: registry.names().map((name) => registry.build(name, 8)) }
    })
    const expected = Array.from({ length: 50 }, (_unused, n) => `${Math.floor(n / 10)}-${n % 10}`)
    expect(names.toSorted()).toEqual(expected.map((name) => `model-${name}`))
    expect(built.toSorted()).toEqual(expected.map((name) => `${name} of 8`))
  })
})
