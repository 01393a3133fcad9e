import type { RerankItem, RerankResult } from '../../services/runtime.ts'
import type { ErrorRenderer } from '../reply-error.ts'
import { wrong } from '../wrong-field.ts'
import type { ReplyContext, RerankDialect } from './rerank-dialect.ts'
import {
  readCount,
  readDocuments,
  readFields,
  readFlag,
  readModel,
  readQuery,
  textField,
} from './rerank-request.ts'

/** Errors of Cohere's second version: `{"message", "id"}`. */
export const cohereErrors: ErrorRenderer = {
  contentType: 'application/json; charset=utf-8',
  render: ({ message }, requestId) => JSON.stringify({ message, id: requestId }),
}

/** Errors on `/v1/rerank`, where Cohere's clients read `message` and Jina's `detail`. */
export const v1Errors: ErrorRenderer = {
  contentType: 'application/json; charset=utf-8',
  render: ({ message }, requestId) => JSON.stringify({ message, id: requestId, detail: message }),
}

/** `POST /v2/rerank` (https://docs.cohere.com/v2/reference/rerank). */
export const cohereV2: RerankDialect = {
  errors: cohereErrors,
  read(body) {
    const fields = readFields(body)
    const model = readModel(fields)
    if (model === undefined) throw wrong('model', 'must be the name of a model', fields['model'])
    return {
      model,
      query: readQuery(fields),
      documents: readDocuments(fields, 'documents', textField),
      options: {
        topN: readCount(fields, 'top_n'),
        maxTokensPerDoc: readCount(fields, 'max_tokens_per_doc'),
        priority: readPriority(fields['priority']),
      },
    }
  },
  write: (result, { requestId }) => ({
    id: requestId,
    results: result.results.map(({ index, score }) => ({ index, relevance_score: score })),
    meta: meta('2', result),
  }),
}

/** `POST /v1/rerank` (https://docs.cohere.com/v1/reference/rerank). */
export const cohereV1: RerankDialect = {
  errors: v1Errors,
  read(body) {
    const fields = readFields(body)
    const rankFields = readRankFields(fields['rank_fields'])
    return {
      model: readModel(fields),
      query: readQuery(fields),
      documents: readDocuments(fields, 'documents', (entry) => joinFields(entry, rankFields)),
      options: {
        topN: readCount(fields, 'top_n'),
        maxTokensPerDoc: readCount(fields, 'max_tokens_per_doc'),
        returnDocuments: readFlag(fields, 'return_documents', false),
      },
    }
  },
  write: writeV1,
}

/** What Cohere's first version and Jina answer, in one: clients of either find what they look for. */
export function writeV1(result: RerankResult, { model, requestId, nowSeconds }: ReplyContext): unknown {
  return {
    id: requestId,
    object: 'list',
    model,
    created: nowSeconds,
    results: result.results.map(writeItem),
    usage: { prompt_tokens: result.tokens, total_tokens: result.tokens },
    meta: meta('1', result),
  }
}

function writeItem({ index, score, document }: RerankItem): unknown {
  return { index, relevance_score: score, ...(document !== undefined && { document: { text: document } }) }
}

function meta(version: string, { tokens, truncated }: RerankResult): unknown {
  return {
    api_version: { version, is_experimental: false },
    billed_units: { search_units: 1 },
    tokens: { input_tokens: tokens, output_tokens: 0 },
    warnings:
      truncated.length === 0 ? [] : [`${truncated.length} documents were cut at the limit of tokens.`],
  }
}

/**
 * Cohere's priorities go from 0, the highest and its default, to 999. Its default is ours, so that nobody gets in front of
 * others by saying it, and the others share the levels below.
 */
function readPriority(priority: unknown): number | undefined {
  if (priority == null) return undefined
  if (!Number.isInteger(priority) || (priority as number) < 0 || (priority as number) > 999) {
    throw wrong('priority', 'must be a whole number from 0 to 999', priority)
  }
  return 1 + Math.ceil((priority as number) / 125)
}

/** Each of them is looked for in each document. */
const MOST_RANK_FIELDS = 64

function readRankFields(names: unknown): readonly string[] {
  if (names == null) return ['text']
  if (!Array.isArray(names) || names.length === 0 || names.some((name) => typeof name !== 'string')) {
    throw wrong('rank_fields', 'must be a list of names of fields', names)
  }
  if (names.length > MOST_RANK_FIELDS) {
    throw wrong('rank_fields', `must have at most ${MOST_RANK_FIELDS} entries, not ${names.length}`)
  }
  // A name that comes again would repeat a text of any length.
  return [...new Set(names as string[])]
}

/** The fields that count, a line each; undefined where the document has none of them. */
function joinFields(document: unknown, names: readonly string[]): string | undefined {
  const fields = (document ?? {}) as Readonly<Record<string, unknown>>
  const texts = names.flatMap((name) => (typeof fields[name] === 'string' ? [fields[name]] : []))
  return texts.length === 0 ? undefined : texts.join('\n')
}
