import { startChild } from '../lib/child.mjs'
import { INT8 } from '../lib/models.mjs'
import { startServer } from '../lib/server.mjs'

const CALLERS = 10_000
const FLOODS = 3

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    name: 'flood.10000',
    rounds: 1,
    warmups: 0,
    unit: 'callers',
    better: 'more',
    against: 'answered, or refused with Retry-After',
    target: 1,
    async prepare({ isQuick }) {
      const callers = isQuick ? 200 : CALLERS
      const server = await startServer(INT8)
      const clients = await startChild('flood.mjs', { port: server.port })
      const notes = []
      return {
        get note() {
          return notes.join(' | ')
        },
        /** The worst of a few floods. */
        async ours() {
          const ended = []
          for (let flood = 0; flood < FLOODS; flood++) {
            const { answered, refused, lost, reasons } = await clients.ask('flood', callers)
            notes.push(`${answered} answered, ${refused} refused, ${lost} lost ${reasons.join(', ')}`.trim())
            ended.push(answered + refused)
          }
          return Math.min(...ended)
        },
        theirs: () => callers,
        close: () => Promise.all([clients.close(), server.close()]),
      }
    },
  },
]
