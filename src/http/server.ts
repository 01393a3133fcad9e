import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Logger } from 'pino'
import type { ServerSettings } from '../config/server-schema.ts'
import { provide, type Container, type RequestScope } from '../container/index.ts'
import { sleep, systemClock, type Clock } from '../kernel/clock.ts'
import { memoryBackend, openSessions, type Mode, type Sessions } from '../session/index.ts'
import type { ServedRuntime } from './served-runtime.ts'
import { Admission } from './admission.ts'
import { ApiKeys } from './api-key.ts'
import { answerClientError } from './client-error.ts'
import { libretranslateRoutes } from './dialects/libretranslate.ts'
import { openaiErrors } from './dialects/openai-errors.ts'
import { ModelList } from './dialects/openai-models.ts'
import { openaiRoutes } from './dialects/openai.ts'
import { rerankRoutes } from './dialects/rerank.ts'
import { Exchanges } from './exchanges.ts'
import { parseBody } from './form-body.ts'
import { healthRoutes } from './health.ts'
import { HttpMetrics } from './http-metrics.ts'
import { refuseOtherMethods } from './other-methods.ts'
import { toReplyError } from './reply-error.ts'
import { requestId } from './request-context.ts'
import { REQUEST, REQUEST_LOGGER, requestParts } from './request-parts.ts'
import { shownName } from './shown-name.ts'

/**
 * Connections that wait to be accepted. The system caps it (Linux: `net.core.somaxconn`, 4096); with Node's 511 a flood of
 * 10,000 callers lost some: what does not fit is sent again seconds later, or reset.
 */
const BACKLOG = 65_535

export interface ServerDependencies {
  logger: Logger
  /** @default the system's */
  clock?: Clock
  /** Those of the callers. They stay open when the server closes. @default some in memory */
  sessions?: Sessions<Mode>
}

/**
 * The HTTP server over a runtime. It does not own the runtime: whoever made both closes it between `drain()` and
 * `close()`, so that what the grace did not suffice for is answered too.
 */
export class HttpServer implements AsyncDisposable {
  readonly #app: FastifyInstance
  readonly #settings: ServerSettings
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #exchanges = new Exchanges()
  readonly #metrics = new HttpMetrics(() => this.#exchanges.inFlight)
  readonly #admission: Admission
  readonly #container: Container
  #isDraining = false

  constructor(runtime: ServedRuntime, settings: ServerSettings, dependencies: ServerDependencies) {
    this.#settings = settings
    this.#logger = dependencies.logger
    this.#clock = dependencies.clock ?? systemClock
    this.#admission = new Admission(settings)
    const keys = new ApiKeys(settings.apiKeys)
    this.#container = requestParts({
      sessions:
        dependencies.sessions ?? openSessions({ backend: memoryBackend(), ttlMs: settings.sessionTtlMs }),
      logger: this.#logger,
      principalOf: (request) => keys.principalOf(request),
    })
    this.#app = this.#createApp()

    const endOfRoutes = refuseOtherMethods(this.#app)
    healthRoutes(this.#app, { runtime, metrics: this.#metrics, isDraining: () => this.#isDraining })
    const models = new ModelList(
      runtime,
      new Map(Object.entries(settings.aliases)),
      Math.floor(this.#clock.wallMs() / 1000),
    )
    openaiRoutes(this.#app, runtime, models, this.#clock)
    rerankRoutes(this.#app, { runtime, models, clock: this.#clock })
    libretranslateRoutes(this.#app, { runtime, clock: this.#clock, needsKey: settings.apiKeys.length > 0 })
    endOfRoutes()
  }

  /** Where it can be reached. Rejects with Node's error (`EADDRINUSE`, `EACCES`, …) when it cannot listen. */
  async listen(): Promise<{ url: string; port: number }> {
    const { host, port } = this.#settings
    const url = await this.#app.listen({ host, port, backlog: BACKLOG })
    return { url, port: Number(new URL(url).port) }
  }

  /** Answers a request without a socket: for tests. */
  get inject(): FastifyInstance['inject'] {
    return this.#app.inject.bind(this.#app)
  }

  /**
   * Readiness turns false at once, and what arrives from now on is refused with 503 and the end of its connection.
   * Connections that are kept alive stay open until then: one that is closed just as its client uses it again looks like
   * a failure. Resolves when nothing is in flight any more, or after `graceMs`; answers whether nothing is.
   */
  async drain(graceMs: number): Promise<boolean> {
    this.#isDraining = true
    const isDone = new AbortController()
    const tooLate = sleep(this.#clock, graceMs, isDone.signal).catch(() => {})
    await Promise.race([this.#exchanges.drained(), tooLate])
    isDone.abort()
    return this.#exchanges.inFlight === 0
  }

  /** Closes every connection. Idempotent. */
  async close(): Promise<void> {
    this.#isDraining = true
    await this.#app.close()
    await this.#container.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #createApp(): FastifyInstance {
    const { bodyLimitBytes, headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = this.#settings
    const app = fastify({
      bodyLimit: bodyLimitBytes,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      http: {
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        // Node looks every 30 s by default, which would add as much to each of the limits above.
        connectionsCheckingInterval: Math.min(5_000, headersTimeoutMs),
      },
      forceCloseConnections: true,
      genReqId: requestId,
      routerOptions: { maxParamLength: 1_000 },
      clientErrorHandler: (error, socket) => answerClientError(error, socket, openaiErrors),
      frameworkErrors: (error, request, reply) => this.#fail(error, request, reply),
    })
    app.decorateRequest('left')
    app.decorateRequest('scope')
    app.decorateRequest('subject', null)
    app.decorateRequest('errors', null)
    // JSON whatever the type says: curl sends form encoding unless told otherwise.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
      try {
        done(null, parseBody(request, body as Buffer))
      } catch (error) {
        done(error as Error)
      }
    })
    app.addHook('onRequest', (request, reply, done) => this.#begin(request, reply, done))
    app.addHook('onSend', (_request, reply, _payload, done) => {
      if (this.#isDraining) reply.header('connection', 'close')
      done()
    })
    app.setErrorHandler((error: FastifyError, request, reply) => this.#fail(error, request, reply))
    return app
  }

  /** Before the body is read. */
  #begin(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const beganMs = this.#clock.nowMs()
    request.scope = this.#container.beginRequest([provide(REQUEST, request)])
    request.left = this.#exchanges.begin(request.raw, reply.raw, (wasSent) => {
      const status = wasSent ? reply.statusCode : 499
      this.#record(request, status, this.#clock.nowMs() - beganMs)
      void request.scope
        .end()
        .catch((error: unknown) =>
          this.#loggerOf(request).error({ err: error }, 'a part of the request failed to end'),
        )
    })
    reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' })
    try {
      this.#admission.check(request, this.#isDraining)
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  #fail(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    const errors = request.errors ?? request.routeOptions?.config?.errors ?? openaiErrors
    const found = toReplyError(error)
    const replyError = errors.adapt?.(found) ?? found
    const isHeard = !request.left?.aborted
    if (found.status === 500 && isHeard) this.#loggerOf(request).error({ err: error }, 'a request failed')
    // Fastify would close the connection under a body that is still coming, and a client that is writing then reads a
    // reset in place of the answer. Node reads the rest away, within `requestTimeoutMs`.
    reply.removeHeader('connection')
    void reply
      .code(replyError.status)
      .headers({ 'x-request-id': request.id, ...replyError.headers })
      .type(errors.contentType)
      .send(errors.render(replyError, request.id))
  }

  /** What fails before the request has begun, or after its end, has no parts. */
  #loggerOf(request: FastifyRequest): Logger {
    const scope = request.scope as RequestScope | undefined
    if (scope === undefined || scope.hasEnded) return this.#logger.child({ reqId: request.id })
    return scope.resolve(REQUEST_LOGGER)
  }

  #record(request: FastifyRequest, status: number, durationMs: number): void {
    const route = request.routeOptions.url ?? 'none'
    this.#metrics.record(route, status, durationMs)
    const line = {
      reqId: request.id,
      method: request.method,
      route,
      status,
      durationMs: Math.round(durationMs),
      ...(request.subject && { ...request.subject, model: shownName(request.subject.model) }),
    }
    this.#logger.info(line, 'answered')
  }
}
