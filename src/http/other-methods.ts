import type { FastifyInstance } from 'fastify'
import { Refusal, type ErrorRenderer } from './reply-error.ts'

/**
 * Answers every other method on a path that exists with 405 and `Allow`, where Fastify would say 404, in the words of those
 * who use the path. To be called before the first route; call the result after the last.
 */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const paths = new Map<string, { allowed: Set<string>; errors: ErrorRenderer | undefined }>()
  app.addHook('onRoute', ({ url, method, config }) => {
    const path = paths.get(url) ?? { allowed: new Set(), errors: config?.errors }
    paths.set(url, path)
    for (const each of [method].flat()) path.allowed.add(each)
  })
  return () => {
    for (const [url, { allowed, errors }] of [...paths]) {
      const allow = [...allowed].sort().join(', ')
      app.route({
        url,
        method: app.supportedMethods.filter((method) => !allowed.has(method)),
        // Before the body is read: nobody will look at it.
        onRequest: (request) => {
          const message = `${request.method} is not allowed on this path; it takes ${allow}.`
          throw new Refusal(405, 'METHOD_NOT_ALLOWED', message, { allow })
        },
        handler: () => {},
        config: errors === undefined ? {} : { errors },
      })
    }
  }
}
