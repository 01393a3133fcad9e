import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../kernel/clock.ts'
import type { EmbedResult } from '../../services/runtime.ts'
import { floatsToBase64, floatsToJson } from '../float-text.ts'
import { writeList } from '../json-list.ts'
import { DEADLINE, PRINCIPAL } from '../request-parts.ts'
import { servedHeaders } from '../served-headers.ts'
import type { ServedRuntime } from '../served-runtime.ts'
import type { ModelList, ModelObject } from './openai-models.ts'
import { readEmbeddingsRequest, type EmbeddingsRequest } from './openai-request.ts'

/**
 * `POST /v1/embeddings` and `GET /v1/models[/{id}]` as OpenAI's clients use them, each also without `/v1`.
 */
export function openaiRoutes(
  app: FastifyInstance,
  runtime: ServedRuntime,
  models: ModelList,
  clock: Clock,
): void {
  for (const prefix of ['/v1', '']) {
    app.post(`${prefix}/embeddings`, (request, reply) => embeddings(runtime, models, clock, request, reply))
    app.get(`${prefix}/models`, () => ({ object: 'list', data: models.all() }))
    // Ids may hold slashes, written plainly or as %2F.
    app.get<{ Params: { '*': string } }>(`${prefix}/models/*`, (request) =>
      getModel(models, request.params['*']),
    )
  }
}

async function embeddings(
  runtime: ServedRuntime,
  models: ModelList,
  clock: Clock,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const wanted = readEmbeddingsRequest(request.body)
  const name = models.nameOf(wanted.model)
  request.subject = { model: name, items: wanted.inputs.length }
  const { name: tenant } = request.scope.resolve(PRINCIPAL)
  const options = { ...wanted.options, signal: request.left, tenant, ...request.scope.resolve(DEADLINE) }
  const result = await models.explained(wanted.model, () => runtime.embed(name, wanted.inputs, options))
  const beganMs = clock.nowMs()
  const body = await encode(result, name, wanted, request.left)
  const encodeMs = clock.nowMs() - beganMs
  return reply.headers(servedHeaders(result, encodeMs)).type('application/json; charset=utf-8').send(body)
}

/** Numbers that are written before others get their turn: they take about a millisecond. */
const VALUES_PER_TURN = 16_384

/** By hand: `JSON.stringify` takes three times as long over a list of vectors, a compiled serialiser five times. */
function encode(
  { vectors, dimensions, tokenCounts }: EmbedResult,
  model: string,
  { encoding }: EmbeddingsRequest,
  signal: AbortSignal,
): Promise<string | Buffer> {
  const tokens = tokenCounts.reduce((total, count) => total + count, 0)
  const usage = `{"prompt_tokens":${tokens},"total_tokens":${tokens}}`
  const entry = (index: number): string => {
    const vector = vectors[index] as Float32Array
    const embedding = encoding === 'base64' ? `"${floatsToBase64(vector)}"` : floatsToJson(vector)
    return `{"object":"embedding","index":${index},"embedding":${embedding}}`
  }
  const list = {
    before: '{"object":"list","data":[',
    count: vectors.length,
    entry,
    after: `],"model":${JSON.stringify(model)},"usage":${usage}}`,
    perTurn: Math.ceil(VALUES_PER_TURN / dimensions),
  }
  return writeList(list, signal)
}

function getModel(models: ModelList, id: string): Promise<ModelObject> {
  return models.explained(id, () => models.get(id))
}
