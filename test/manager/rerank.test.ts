import { describe, expect, it } from 'vitest'
import { InvalidInputError, type RerankOptions } from '../../src/index.ts'
import { fakeScore } from '../../src/testing/index.ts'
import { finish, isPending, stage, watch, type Stage } from '../scenarios/harness.ts'

const QUERY = 'slow river bank'
const DOCUMENTS = ['a dog', 'the river', 'river bank', 'a slow river bank', 'bank of a river']

const rerank = (
  { runtime }: Stage,
  options?: RerankOptions,
  documents: readonly string[] = DOCUMENTS,
): ReturnType<typeof runtime.rerank> => runtime.rerank('m', QUERY, documents, options)

describe('rerank', () => {
  it('gives the best first, and those of equal score in the order of the request', async () => {
    const s = await stage({ m: {} })
    const { results, servedBy, generation, tokens, truncated } = await rerank(s)
    expect(results.map(({ index }) => index)).toEqual([3, 2, 4, 1, 0])
    for (const { index, score } of results)
      expect(score).toBeCloseTo(fakeScore(QUERY, DOCUMENTS[index] as string), 6)
    expect({ servedBy, generation, tokens, truncated }).toEqual({
      servedBy: 'm:int8@cpu',
      generation: 1,
      tokens: 5 + 4 + 4 + 4 + 6 + 6,
      truncated: [],
    })
    expect(results[0]).not.toHaveProperty('document')
    expect(s.events.request).toEqual([
      expect.objectContaining({ task: 'rerank', outcome: 'ok', items: 5, tokens }),
    ])
    await finish(s)
  })

  it('keeps to topN, which may be more than there are documents, and repeats documents when asked', async () => {
    const s = await stage({ m: {} })
    const { results } = await rerank(s, { topN: 2, returnDocuments: true })
    expect(results.map(({ document }) => document)).toEqual(['a slow river bank', 'river bank'])
    expect((await rerank(s, { topN: 50 })).results).toHaveLength(5)
    await finish(s)
  })

  it('passes on what is the business of the model', async () => {
    const seen: unknown[] = []
    const s = await stage({ m: {} }, {}, (factory) => async (request) => {
      const model = await factory(request)
      const ask = model.rerank!.bind(model)
      model.rerank = (query, documents, options) => {
        seen.push(options)
        return ask(query, documents, options)
      }
      return model
    })
    await rerank(s, { maxTokensPerDoc: 7, rawScores: true, priority: 2, tenant: 't', topN: 1 })
    expect(seen).toEqual([{ maxTokensPerDoc: 7, rawScores: true, priority: 2, tenant: 't' }])
    await finish(s)
  })

  it('is withdrawn with its signal and ends with its deadline', async () => {
    const s = await stage({ m: {} })
    s.engine.script('m', { runMs: Infinity })
    const caller = new AbortController()
    const left = watch(rerank(s, { signal: caller.signal }))
    await s.clock.settle()
    expect(isPending(left)).toBe(true)
    caller.abort(new Error('gone'))
    await s.clock.settle()
    expect(left.outcome).toBe(caller.signal.reason)
    await expect(rerank(s, { deadlineMs: -1 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    await finish(s)
  })

  it('on a model that cannot says what it can', async () => {
    const s = await stage({ m: {} })
    s.engine.script('m', { tasks: ['embed'] })
    await expect(rerank(s)).rejects.toThrow('m cannot rerank; it can embed.')
    await expect(rerank(s)).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'model' })
    s.engine.script('m', { tasks: ['rerank'] })
    await s.runtime.unload('m')
    await expect(s.runtime.embed('m', 'text')).rejects.toThrow('m cannot embed; it can rerank.')
    await finish(s)
  })
})

describe('bad input to rerank names the field, and no model is loaded for it', () => {
  const cases: [string, unknown, unknown, object][] = [
    ['query', '', DOCUMENTS, {}],
    ['query', ' \n', DOCUMENTS, {}],
    ['query', undefined, DOCUMENTS, {}],
    ['query', ['a'], DOCUMENTS, {}],
    ['documents', QUERY, [], {}],
    ['documents', QUERY, 'text', {}],
    ['documents', QUERY, null, {}],
    ['documents[1]', QUERY, ['a', 7], {}],
    ['documents[0]', QUERY, [null, 'a'], {}],
    ['documents[0]', QUERY, [{ text: 'a' }], {}],
    ...[0, -1, 1.5, NaN, Infinity, '3', null].flatMap((value): typeof cases => [
      ['topN', QUERY, DOCUMENTS, { topN: value }],
      ['maxTokensPerDoc', QUERY, DOCUMENTS, { maxTokensPerDoc: value }],
    ]),
  ]
  it.each(cases)('%s: %o, %o, %o', async (field, query, documents, options) => {
    const s = await stage({ m: {} })
    const error: unknown = await s.runtime
      .rerank('m', query as string, documents as string[], options)
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error).toMatchObject({ field })
    expect((error as Error).message).toContain(field)
    expect(s.engine.counts.loads).toBe(0)
    expect(s.events.request).toEqual([expect.objectContaining({ task: 'rerank', outcome: 'INVALID_INPUT' })])
    await finish(s)
  })
})
