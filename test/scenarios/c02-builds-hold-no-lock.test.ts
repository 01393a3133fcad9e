import { describe, expect, it } from 'vitest'
import { LEVELS } from './levels.ts'

describe.each(LEVELS)('C2: 10 concurrent builds, %s', (_where, run) => {
  it('a slow build delays neither another one nor a registration', async () => {
    const { mostAtOnce, events } = await run(async ({ Registry }) => {
      const registry = new Registry<(n: number) => Promise<string>>('model')
      const events: string[] = []
      let atOnce = 0
      let mostAtOnce = 0
      let open = (): void => {}
      const gate = new Promise<void>((resolve) => (open = resolve))
      registry.register('slow', async (n) => {
        mostAtOnce = Math.max(mostAtOnce, ++atOnce)
        await gate
        atOnce--
        return `slow ${n}`
      })
      const slow = Array.from({ length: 10 }, (_unused, n) => registry.build('slow', n))
      registry.register('quick', (n) => Promise.resolve(`quick ${n}`))
      events.push(await registry.build('quick', 1))
      registry.unregister('slow')
      open()
      events.push(...(await Promise.all(slow)))
      return { mostAtOnce, events }
    })
    expect(mostAtOnce).toBe(10)
    expect(events).toEqual(['quick 1', ...Array.from({ length: 10 }, (_unused, n) => `slow ${n}`)])
  })
})
