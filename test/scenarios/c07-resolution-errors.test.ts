import { describe, expect, it } from 'vitest'
import { LEVELS } from './levels.ts'

describe.each(LEVELS)('C7: what cannot be resolved, %s', (_where, run) => {
  it('a cycle, a leak and a missing request are errors that show the path', async () => {
    const messages = await run(({ Container, Token }) => {
      const container = new Container()
      const a = new Token<object>('a')
      const b = new Token<object>('b')
      const session = new Token<object>('session')
      const report = new Token<object>('report')
      const page = new Token<object>('page')
      container.addSingleton(a, (resolver) => ({ b: resolver.resolve(b) }))
      container.addSingleton(b, (resolver) => ({ a: resolver.resolve(a) }))
      container.addPerRequest(session, () => ({}))
      container.addSingleton(report, (resolver) => ({ session: resolver.resolve(session) }))
      container.addTransient(page, (resolver) => ({ session: resolver.resolve(session) }))
      const messageOf = (token: typeof a): string => {
        try {
          container.resolve(token)
          return 'resolved'
        } catch (error) {
          return (error as Error).message
        }
      }
      return Promise.resolve([a, report, page].map(messageOf))
    })
    expect(messages[0]).toContain('"a" depends on itself. Path: a → b → a')
    expect(messages[1]).toContain('the singleton "report" would keep it')
    expect(messages[1]).toContain('Path: report → session')
    expect(messages[2]).toContain('there is none here')
    expect(messages[2]).toContain('Path: page → session')
  })

  it('a failed async singleton is not cached', async () => {
    const { outcomes, tries } = await run(async ({ Container, Token }) => {
      const container = new Container()
      const MODEL = new Token<Promise<string>>('model')
      let tries = 0
      container.addSingleton(MODEL, async () => {
        await Promise.resolve()
        if (++tries < 3) throw new Error(`try ${tries} failed`)
        return `loaded by try ${tries}`
      })
      const outcomes: string[] = []
      for (let n = 0; n < 3; n++) {
        // Two at once share a try, and its failure.
        const both = await Promise.allSettled([container.resolve(MODEL), container.resolve(MODEL)])
        for (const one of both)
          outcomes.push(one.status === 'fulfilled' ? one.value : (one.reason as Error).message)
      }
      return { outcomes, tries }
    })
    expect(tries).toBe(3)
    expect(outcomes).toEqual([
      'try 1 failed',
      'try 1 failed',
      'try 2 failed',
      'try 2 failed',
      'loaded by try 3',
      'loaded by try 3',
    ])
  })
})
