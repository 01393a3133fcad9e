import { v1Errors, writeV1 } from './cohere.ts'
import type { RerankDialect } from './rerank-dialect.ts'
import {
  readCount,
  readDocuments,
  readFields,
  readFlag,
  readModel,
  readQuery,
  textField,
} from './rerank-request.ts'

/** `POST /v1/rerank` as Jina has it (https://api.jina.ai/redoc): documents come back unless that is not wanted. */
export const jina: RerankDialect = {
  errors: v1Errors,
  read(body) {
    const fields = readFields(body)
    return {
      model: readModel(fields),
      query: readQuery(fields),
      documents: readDocuments(fields, 'documents', textField),
      options: {
        topN: readCount(fields, 'top_n'),
        returnDocuments: readFlag(fields, 'return_documents', true),
      },
    }
  },
  write: writeV1,
}
