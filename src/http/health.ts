import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ServedRuntime } from './served-runtime.ts'
import type { HttpMetrics } from './http-metrics.ts'
import type { ErrorRenderer } from './reply-error.ts'

/** For people and probes: the message alone. */
const plainErrors: ErrorRenderer = {
  contentType: 'text/plain; charset=utf-8',
  render: ({ message }) => `${message}\n`,
}

export interface HealthDependencies {
  runtime: ServedRuntime
  metrics: HttpMetrics
  isDraining: () => boolean
}

/**
 * Probes and metrics. None of them waits for a model, and the probes ask for no key: they say nothing but whether the
 * server lives and, in words, why it cannot serve.
 */
export function healthRoutes(
  app: FastifyInstance,
  { runtime, metrics, isDraining }: HealthDependencies,
): void {
  const open = { config: { isProbe: true, errors: plainErrors } }

  for (const path of ['/livez', '/healthz', '/ping']) {
    app.get(path, open, (_request, reply) => reply.type('text/plain; charset=utf-8').send('alive\n'))
  }

  const ready = (reply: FastifyReply): FastifyReply => {
    const { ready: isReady, reasons } = isDraining()
      ? { ready: false, reasons: ['the server is shutting down'] }
      : runtime.readiness()
    const body = isReady ? { status: 'ready' } : { status: 'not ready', reasons }
    if (!isReady) reply.code(503).header('retry-after', '1')
    return reply.send(body)
  }
  for (const path of ['/readyz', '/health']) app.get(path, open, (_request, reply) => ready(reply))

  app.get('/metrics', { config: { errors: plainErrors } }, async (_request, reply) => {
    const { contentType, text } = await runtime.metrics()
    return reply.type(contentType).send(text + (await metrics.text()))
  })

  app.get('/', open, (_request, reply) =>
    reply
      .type('text/plain; charset=utf-8')
      .send(
        'Leasehold serves machine-learning models: POST /v1/embeddings, GET /v1/models, /readyz, /metrics\n',
      ),
  )
}
