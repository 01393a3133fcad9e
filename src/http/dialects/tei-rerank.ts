import type { RerankResult } from '../../services/runtime.ts'
import { Refusal } from '../reply-error.ts'
import { wrong } from '../wrong-field.ts'
import type { RerankDialect } from './rerank-dialect.ts'
import {
  readDocuments,
  readFields,
  readFlag,
  readModel,
  readQuery,
  type RerankRequest,
} from './rerank-request.ts'
import { teiErrors } from './tei-errors.ts'

/**
 * `POST /rerank` with `texts`, as text-embeddings-inference has it (https://huggingface.github.io/text-embeddings-inference):
 * one model, which nobody names, and a bare list for an answer. Texts over the limit are cut at their end, as a server there
 * does that runs with `--auto-truncate`.
 */
export const teiRerank: RerankDialect = {
  errors: teiErrors,
  read(body) {
    const fields = readFields(body)
    const { texts } = fields
    if (Array.isArray(texts) && texts.length === 0)
      throw new Refusal(400, 'EMPTY', '"texts" must not be an empty list.')
    const direction = fields['truncation_direction']
    if (direction != null && direction !== 'Right' && direction !== 'right') {
      throw wrong('truncation_direction', 'must be "Right": texts are cut at their end', direction)
    }
    return {
      model: readModel(fields),
      query: readQuery(fields),
      documents: readDocuments(fields, 'texts'),
      options: {
        returnDocuments: readFlag(fields, 'return_text', false),
        rawScores: readFlag(fields, 'raw_scores', false),
      },
    }
  },
  write: ({ results }) =>
    results.map(({ index, score, document }) => ({
      index,
      score,
      ...(document !== undefined && { text: document }),
    })),
  headers: computeHeaders,
}

/** Whole milliseconds; the query counts once for each text, as it is read there. */
function computeHeaders(
  { servedBy, tokens, timings }: RerankResult,
  { query, documents }: RerankRequest,
): Record<string, string> {
  const { admitMs, queueMs, loadMs, tokeniseMs, inferMs } = timings
  const ms = (duration: number): string => String(Math.round(duration))
  const characters = documents.reduce((sum, { length }) => sum + query.length + length, 0)
  const totalMs = admitMs + queueMs + loadMs + tokeniseMs + inferMs
  return {
    'x-compute-type': servedBy.slice(servedBy.lastIndexOf('@') + 1),
    'x-compute-time': ms(totalMs),
    'x-compute-characters': String(characters),
    'x-compute-tokens': String(tokens),
    'x-total-time': ms(totalMs),
    'x-tokenization-time': ms(tokeniseMs),
    'x-queue-time': ms(queueMs),
    'x-inference-time': ms(inferMs),
  }
}
