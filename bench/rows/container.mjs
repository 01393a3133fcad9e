import { asFunction, createContainer } from 'awilix'
import { Container, Token } from '../../dist/container/index.js'
import { perOperation } from '../lib/measure.mjs'

const OPERATIONS = 20_000
const PARTS = 10

const common = { unit: 'ns/op', better: 'less', against: 'awilix 13.0.5' }

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    ...common,
    name: 'container.singleton',
    target: 2,
    // Ten singletons that have been built, each asked for in turn.
    prepare() {
      const ours = new Container()
      const theirs = createContainer()
      const tokens = Array.from({ length: PARTS }, (_unused, n) => new Token(`part${n}`))
      const names = tokens.map(({ name }) => name)
      for (const [n, token] of tokens.entries()) {
        ours.addSingleton(token, () => ({ n }))
        theirs.register({ [token.name]: asFunction(() => ({ n })).singleton() })
      }
      let sum = 0
      return {
        ours: perOperation(OPERATIONS, () => {
          for (let n = 0; n < OPERATIONS; n++) sum += ours.resolve(tokens[n % PARTS]).n
        }),
        theirs: perOperation(OPERATIONS, () => {
          for (let n = 0; n < OPERATIONS; n++) sum += theirs.resolve(names[n % PARTS]).n
        }),
        close: () => sum,
      }
    },
  },
  {
    ...common,
    name: 'container.request-of-ten',
    target: 1,
    // Ten parts, each of which depends on the one before; the last is asked for, then the request ends.
    prepare() {
      const tokens = Array.from({ length: PARTS }, (_unused, n) => new Token(`part${n}`))
      const ours = new Container()
      const theirs = createContainer()
      for (let n = 0; n < PARTS; n++) {
        const below = tokens[n - 1]
        const name = `part${n - 1}`
        ours.addPerRequest(tokens[n], (resolver) => ({ n, below: below && resolver.resolve(below) }))
        theirs.register({
          [`part${n}`]: asFunction((cradle) => ({ n, below: n > 0 && cradle[name] })).scoped(),
        })
      }
      const requests = OPERATIONS / PARTS
      return {
        ours: perOperation(requests, async () => {
          for (let n = 0; n < requests; n++) {
            const request = ours.beginRequest()
            request.resolve(tokens[PARTS - 1])
            await request.end()
          }
        }),
        theirs: perOperation(requests, async () => {
          for (let n = 0; n < requests; n++) {
            const scope = theirs.createScope()
            scope.resolve(`part${PARTS - 1}`)
            await scope.dispose()
          }
        }),
      }
    },
  },
]
