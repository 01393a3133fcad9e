import { describe, expect, it } from 'vitest'
import { LEVELS } from './levels.ts'

describe.each(LEVELS)('C3: 5 tasks × 10 request cycles, %s', (_where, run) => {
  it('each sees only its own instances, across awaits and timers', async () => {
    const seen = await run(async ({ Container, provide, Token }) => {
      const container = new Container()
      const PRINCIPAL = new Token<string>('principal')
      const CART = new Token<{ owner: string; items: string[] }>('cart')
      container.addPerRequest(PRINCIPAL)
      container.addPerRequest(CART, (resolver) => ({ owner: resolver.resolve(PRINCIPAL), items: [] }))

      // Nobody hands the request down to here.
      const addItem = (item: string): void => void container.resolve(CART).items.push(item)
      const seen: { principal: string; cart: { owner: string; items: string[] } }[] = []
      const cycle = async (principal: string): Promise<void> => {
        addItem('at once')
        await Promise.resolve()
        addItem('after an await')
        await new Promise((resolve) => setTimeout(resolve, 1))
        addItem('after a timer')
        await new Promise<void>((resolve) => {
          setImmediate(() => {
            addItem('in a callback')
            resolve()
          })
        })
        seen.push({ principal, cart: container.resolve(CART) })
      }
      const task = async (_unused: unknown, task: number): Promise<void> => {
        for (let n = 0; n < 10; n++) {
          const principal = `${task}-${n}`
          await container.runInRequest(() => cycle(principal), [provide(PRINCIPAL, principal)])
        }
      }
      await Promise.all(Array.from({ length: 5 }, task))
      return seen
    })
    expect(seen).toHaveLength(50)
    expect(new Set(seen.map(({ principal }) => principal)).size).toBe(50)
    for (const { principal, cart } of seen) {
      expect(cart.owner).toBe(principal)
      expect(cart.items).toEqual(['at once', 'after an await', 'after a timer', 'in a callback'])
    }
  })
})
