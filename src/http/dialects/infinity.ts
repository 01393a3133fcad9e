import { openaiErrors } from './openai-errors.ts'
import type { RerankDialect } from './rerank-dialect.ts'
import { readCount, readDocuments, readFields, readFlag, readModel, readQuery } from './rerank-request.ts'

/** What Infinity's clients send for a model that they do not name. */
const NOT_SPECIFIED = 'default/not-specified'

/** `POST /rerank` with `documents`, as Infinity has it (https://github.com/michaelfeil/infinity). */
export const infinity: RerankDialect = {
  errors: openaiErrors,
  read(body) {
    const fields = readFields(body)
    const model = readModel(fields)
    return {
      model: model === NOT_SPECIFIED ? undefined : model,
      query: readQuery(fields),
      documents: readDocuments(fields, 'documents'),
      options: {
        topN: readCount(fields, 'top_n'),
        returnDocuments: readFlag(fields, 'return_documents', false),
        rawScores: readFlag(fields, 'raw_scores', false),
      },
    }
  },
  write: ({ results, tokens }, { model, requestId, nowSeconds }) => ({
    object: 'rerank',
    id: requestId,
    created: nowSeconds,
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    results: results.map(({ index, score, document }) => ({
      relevance_score: score,
      index,
      ...(document !== undefined && { document }),
    })),
  }),
}
