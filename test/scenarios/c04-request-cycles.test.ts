import { describe, expect, it } from 'vitest'
import { LEVELS } from './levels.ts'

describe.each(LEVELS)('C4: 10 tasks × 100 begin/end cycles, %s', (_where, run) => {
  it('no instance outlives its request or leaks into another; disposers run once, in reverse', async () => {
    const { faults, built, ended, alive } = await run(async ({ Container, Token }) => {
      const container = new Container()
      const tokens = ['outer', 'middle', 'inner'].map((name) => new Token<{ name: string; id: number }>(name))
      const alive = new Set<object>()
      const faults: string[] = []
      let built = 0
      let ended = 0
      for (const [index, token] of tokens.entries()) {
        const below = tokens[index + 1]
        container.addPerRequest(
          token,
          (resolver) => {
            if (below !== undefined) resolver.resolve(below)
            const instance = { name: token.name, id: built++ }
            alive.add(instance)
            return instance
          },
          {
            dispose: async (instance) => {
              await Promise.resolve()
              ended++
              if (!alive.delete(instance)) faults.push(`${instance.name} ${instance.id} was ended twice`)
            },
          },
        )
      }
      const task = async (_unused: unknown, task: number): Promise<void> => {
        for (let n = 0; n < 100; n++) {
          const request = container.beginRequest()
          const instances = tokens.map((token) => request.resolve(token))
          for (let hop = 0; hop < (task + n) % 5; hop++) await Promise.resolve()
          for (const [index, token] of tokens.entries())
            if (request.resolve(token) !== instances[index])
              faults.push(`${token.name} changed in its request`)
          // `inner` is built first, so it must be there until the others have ended.
          const inner = instances[2] as object
          const end = request.end()
          if (!alive.has(inner)) faults.push('inner was ended before what depends on it')
          await end
          if (instances.some((instance) => alive.has(instance)))
            faults.push('an instance outlived its request')
        }
      }
      await Promise.all(Array.from({ length: 10 }, task))
      await container.close()
      return { faults, built, ended, alive: alive.size }
    })
    expect(faults).toEqual([])
    expect({ built, ended, alive }).toEqual({ built: 3_000, ended: 3_000, alive: 0 })
  })

  it('in reverse', async () => {
    const order = await run(async ({ Container, Token }) => {
      const container = new Container()
      const order: string[] = []
      const tokens = ['first', 'second', 'third'].map((name) => new Token<string>(name))
      for (const token of tokens)
        container.addPerRequest(token, () => token.name, { dispose: (name) => order.push(name) })
      await container.runInRequest((request) => {
        for (const token of tokens) request.resolve(token)
      })
      return order
    })
    expect(order).toEqual(['third', 'second', 'first'])
  })
})
