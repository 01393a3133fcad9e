import { Document } from '@langchain/core/documents'
import { CohereRerank } from '@langchain/cohere'
import { CohereClient, CohereClientV2, CohereError } from 'cohere-ai'
import { describe, expect, it } from 'vitest'
import { LoadingTimeoutError, QueueFullError } from '../../src/kernel/errors.ts'
import { harness, until, type Harness } from '../http/harness.ts'

const ASKED = { model: 'minilm', query: 'q', documents: ['a', 'bcd', 'ef'] }

async function serve(): Promise<Harness & { options: { token: string; environment: string } }> {
  const all = harness({ apiKeys: ['secret-key'] })
  const { url } = await all.server.listen()
  return { ...all, options: { token: 'secret-key', environment: url } }
}

describe("Cohere's client", () => {
  it('reranks by the second version', async () => {
    const { runtime, options } = await serve()
    const client = new CohereClientV2(options)
    const answer = await client.rerank({ ...ASKED, topN: 2, maxTokensPerDoc: 7, priority: 0 })
    expect(answer.results).toEqual([
      { index: 1, relevanceScore: 0.3 },
      { index: 2, relevanceScore: 0.2 },
    ])
    expect(answer.id).toMatch(/^req_/)
    expect(answer.meta).toMatchObject({
      apiVersion: { version: '2', isExperimental: false },
      billedUnits: { searchUnits: 1 },
      tokens: { inputTokens: 42, outputTokens: 0 },
    })
    expect(runtime.calls[0]).toMatchObject({
      options: {
        topN: 2,
        maxTokensPerDoc: 7,
        priority: 1,
        tenant: expect.stringMatching(/^key-/) as unknown,
      },
    })
  })

  it('reranks by the first version, with documents of both kinds and back', async () => {
    const { options } = await serve()
    const client = new CohereClient(options)
    const documents = ['a', { text: 'bcd' }]
    const { results, meta } = await client.rerank({ ...ASKED, documents, returnDocuments: true })
    expect(results).toEqual([
      { index: 1, relevanceScore: 0.3, document: { text: 'bcd' } },
      { index: 0, relevanceScore: 0.1, document: { text: 'a' } },
    ])
    expect(meta?.apiVersion?.version).toBe('1')
    const without = await client.rerank({ ...ASKED, documents })
    expect(without.results[0]).toEqual({ index: 1, relevanceScore: 0.3 })
  })

  it('reads what went wrong', async () => {
    const { runtime, options } = await serve()
    const client = new CohereClientV2(options)
    const failure = (body: object, token = options.token): Promise<unknown> =>
      new CohereClientV2({ ...options, token })
        .rerank({ ...ASKED, ...body }, { maxRetries: 0 })
        .catch((error: unknown) => error)
    for (const [error, status, said] of [
      [await failure({ documents: [] }), 400, '"documents" must not be an empty list'],
      [await failure({}, 'another-key'), 401, 'The API key is wrong'],
      [await failure({ model: 'minilmm' }), 404, 'Did you mean `minilm`?'],
    ] as const) {
      expect(error).toBeInstanceOf(CohereError)
      expect(error).toMatchObject({
        statusCode: status,
        body: { message: expect.stringContaining(said) as unknown, id: expect.any(String) as unknown },
      })
    }
    for (const [error, status] of [
      [new QueueFullError('full'), 429],
      [new LoadingTimeoutError('slow'), 503],
    ] as const) {
      runtime.failWith = error
      const failed = client.rerank(ASKED, { maxRetries: 0 })
      await expect(failed).rejects.toMatchObject({ statusCode: status, body: { message: error.message } })
    }
  })

  it('takes its work back by leaving', async () => {
    const { runtime, options } = await serve()
    runtime.hold()
    const client = new CohereClientV2(options)
    const leaving = new AbortController()
    const left = client
      .rerank(ASKED, { abortSignal: leaving.signal, maxRetries: 0 })
      .catch((error: unknown) => error)
    await until(() => runtime.inFlight === 1)
    leaving.abort()
    await until(() => runtime.aborted.length === 1)
    expect(await left).toBeInstanceOf(Error)
  })
})

describe("LangChain's class for it", () => {
  it('keeps the best documents, fewer than it asks for too', async () => {
    const { options } = await serve()
    type Fields = NonNullable<ConstructorParameters<typeof CohereRerank>[0]>
    // It brings an older client of its own; only what both have is used.
    const client = new CohereClient(options) as unknown as NonNullable<Fields['client']>
    const reranker = new CohereRerank({ client, model: 'minilm' })
    const documents = ['a', 'bcd'].map((pageContent) => new Document({ pageContent }))
    const kept = await reranker.compressDocuments(documents, 'q')
    expect(
      kept.map(({ pageContent, metadata }) => [pageContent, metadata['relevanceScore'] as unknown]),
    ).toEqual([
      ['bcd', 0.3],
      ['a', 0.1],
    ])
    expect(await reranker.rerank(documents, 'q', { topN: 1 })).toEqual([{ index: 1, relevanceScore: 0.3 }])
  })
})
