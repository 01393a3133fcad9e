import type { RerankResult } from '../../services/runtime.ts'
import type { ErrorRenderer } from '../reply-error.ts'
import type { RerankRequest } from './rerank-request.ts'

/** What a reply says beside the results. */
export interface ReplyContext {
  readonly model: string
  readonly requestId: string
  /** Since 1970. */
  readonly nowSeconds: number
}

/** How one family of clients asks for an order of documents, and how it wants the answer. */
export interface RerankDialect {
  readonly errors: ErrorRenderer
  /** @throws InvalidInputError that names the field */
  readonly read: (body: unknown) => RerankRequest
  /** What the answer is as JSON. */
  readonly write: (result: RerankResult, context: ReplyContext) => unknown
  /** What the answer's headers say beside ours. @default nothing */
  readonly headers?: (result: RerankResult, asked: RerankRequest) => Record<string, string>
}
