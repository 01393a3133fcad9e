import type { FastifyInstance } from 'fastify'
import { Refusal } from './reply-error.ts'

/**
 * Answers every other method on a path that exists with 405 and `Allow`, where Fastify would say 404. To be called before
 * the first route; call the result after the last.
 */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const methodsByPath = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByPath.get(url) ?? new Set()
    methodsByPath.set(url, methods)
    for (const each of [method].flat()) methods.add(each)
  })
  return () => {
    for (const [url, allowed] of [...methodsByPath]) {
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
      })
    }
  }
}
