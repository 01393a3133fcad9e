import type { Timings } from '../kernel/runtime-events.ts'
import type { AcquireOptions } from '../manager/acquire-options.ts'
import type { RerankScores } from '../registry/model.ts'
import { given, useModel, type ServiceContext } from './use-model.ts'
import { kindOf, wrong } from './wrong-input.ts'

export interface RerankOptions extends AcquireOptions {
  /** The most results; more than there are documents means all of them. @default all */
  topN?: number | undefined
  /** Repeats the text of each document in its result. @default false */
  returnDocuments?: boolean | undefined
  /** Only so many tokens of each document count, special ones aside. @default as many as the model takes */
  maxTokensPerDoc?: number | undefined
  /** True: the scores as the model gives them, not brought to the range from 0 to 1. @default false */
  rawScores?: boolean | undefined
}

export interface RerankItem {
  /** The document's place in the request. */
  index: number
  /** Higher is better. Scores of different models do not compare. */
  score: number
  document?: string
}

export interface RerankResult {
  /** The best first; where scores are equal, in the order of the request. */
  results: RerankItem[]
  /** Tokens that were run for the request, special tokens counted. */
  tokens: number
  /** Indices of the documents that were cut at a limit. */
  truncated: readonly number[]
  /** What really served, `minilm:int8@cpu`; a fallback shows here. */
  servedBy: string
  /** All scores of one call come from this one generation. */
  generation: number
  timings: Timings
}

/** Orders documents by how well they answer the query. */
export async function rerank(
  context: ServiceContext,
  model: string,
  query: string,
  documents: readonly string[],
  options: RerankOptions = {},
): Promise<RerankResult> {
  const { topN, returnDocuments, maxTokensPerDoc, rawScores } = options
  const wanted = given({ maxTokensPerDoc, rawScores })
  const served = await useModel<RerankScores>(
    context,
    model,
    {
      task: 'rerank',
      check: () => {
        checkQuery(query)
        checkDocuments(documents)
        checkCount('topN', topN)
        checkCount('maxTokensPerDoc', maxTokensPerDoc)
        return documents.length
      },
      run: (loaded, runOptions) => loaded.rerank?.(query, documents, { ...runOptions, ...wanted }),
      tokensOf,
    },
    options,
  )
  const { answer, servedBy, generation, timings } = served
  const ranked = Array.from(answer.scores, (score, index): RerankItem => ({ index, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, topN)
  if (returnDocuments) for (const item of ranked) item.document = documents[item.index] as string
  return {
    results: ranked,
    tokens: tokensOf(answer),
    truncated: answer.truncated,
    servedBy,
    generation,
    timings,
  }
}

function tokensOf({ queryTokens, tokenCounts }: RerankScores): number {
  return tokenCounts.reduce((sum, count) => sum + count, queryTokens)
}

function checkQuery(query: unknown): void {
  if (typeof query !== 'string') throw wrong('query', `must be a text, not ${kindOf(query)}`)
  if (query.trim() === '') throw wrong('query', 'must not be empty')
}

function checkDocuments(documents: unknown): void {
  if (!Array.isArray(documents))
    throw wrong('documents', `must be an array of texts, not ${kindOf(documents)}`)
  if (documents.length === 0) throw wrong('documents', 'must hold at least one text')
  for (const [index, document] of documents.entries()) {
    if (typeof document !== 'string')
      throw wrong(`documents[${index}]`, `must be a text, not ${kindOf(document)}`)
  }
}

function checkCount(field: string, value: unknown): void {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= 1)) return
  const came = typeof value === 'number' ? value : kindOf(value)
  throw wrong(field, `must be a whole number of at least 1, not ${came}`)
}
