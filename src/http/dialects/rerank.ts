import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../kernel/clock.ts'
import { DEADLINE, PRINCIPAL } from '../request-parts.ts'
import { servedHeaders } from '../served-headers.ts'
import type { ServedRuntime } from '../served-runtime.ts'
import { cohereErrors, cohereV1, cohereV2, v1Errors } from './cohere.ts'
import { infinity } from './infinity.ts'
import { jina } from './jina.ts'
import type { ModelList } from './openai-models.ts'
import type { RerankDialect } from './rerank-dialect.ts'
import { teiErrors } from './tei-errors.ts'
import { teiRerank } from './tei-rerank.ts'

export interface RerankDependencies {
  readonly runtime: ServedRuntime
  readonly models: ModelList
  readonly clock: Clock
}

/** Four dialects on three paths: where a path has two, the body and the headers say which. */
export function rerankRoutes(app: FastifyInstance, dependencies: RerankDependencies): void {
  const route = (
    path: string,
    errors: RerankDialect['errors'],
    choose: (request: FastifyRequest) => RerankDialect,
  ): void => {
    app.post(path, { config: { errors } }, (request, reply) => {
      const dialect = choose(request)
      request.errors = dialect.errors
      return rerank(dialect, dependencies, request, reply)
    })
  }
  route('/v2/rerank', cohereErrors, () => cohereV2)
  route('/v1/rerank', v1Errors, (request) => (isFromCohere(request) ? cohereV1 : jina))
  route('/rerank', teiErrors, ({ body }) => (hasField(body, 'documents') ? infinity : teiRerank))
}

async function rerank(
  dialect: RerankDialect,
  { runtime, models, clock }: RerankDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const asked = dialect.read(request.body)
  const { query, documents } = asked
  const name = asked.model ?? models.defaultFor('rerank')
  const model = models.nameOf(name)
  request.subject = { model, items: documents.length }
  const { name: tenant } = request.scope.resolve(PRINCIPAL)
  const options = { ...asked.options, signal: request.left, tenant, ...request.scope.resolve(DEADLINE) }
  const result = await models.explained(name, () => runtime.rerank(model, query, documents, options))
  const beganMs = clock.nowMs()
  const nowSeconds = Math.floor(clock.wallMs() / 1000)
  const body = JSON.stringify(dialect.write(result, { model, requestId: request.id, nowSeconds }))
  return reply
    .headers({ ...servedHeaders(result, clock.nowMs() - beganMs), ...dialect.headers?.(result, asked) })
    .type('application/json; charset=utf-8')
    .send(body)
}

/** Cohere's clients give their name, or that of who uses them; those of others give documents that are objects. */
function isFromCohere({ headers, body }: FastifyRequest): boolean {
  const { 'x-client-name': client, 'x-fern-sdk-name': sdk = '' } = headers
  if (client !== undefined || String(sdk).startsWith('cohere')) return true
  const documents = hasField(body, 'documents') ? body.documents : undefined
  return Array.isArray(documents) && typeof documents[0] === 'object'
}

function hasField<Name extends string>(body: unknown, name: Name): body is Record<Name, unknown> {
  return typeof body === 'object' && body !== null && name in body
}
