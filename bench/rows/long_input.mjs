import { startChild } from '../lib/child.mjs'
import { INT8 } from '../lib/models.mjs'
import { startServer } from '../lib/server.mjs'
import { makeTexts } from '../lib/texts.mjs'

const MEGABYTE = 2 ** 20

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    name: 'long_input.hold_up',
    rounds: 15,
    unit: 'ms',
    better: 'less',
    against: 'at most 50 ms longer than without',
    target: 1,
    async prepare({ seconds }) {
      const server = await startServer(INT8)
      const start = () => startChild('load-generator.mjs', { port: server.port, model: 'm' })
      const [others, sender] = await Promise.all([start(), start()])
      const longText = makeTexts('long', 1_200).join(' ').slice(0, MEGABYTE)
      const load = (texts) => others.ask('closedLoop', { texts, callers: 4 })
      const trial = await load(makeTexts('short', 200, 999_999))
      const count = Math.max(20, Math.round((200 / trial.seconds) * seconds * 0.5))
      /** The longest that anybody waited, while `work` was done. */
      const longestWait = async (round, work) => {
        const loading = load(makeTexts('short', count, 1_000 + round))
        await work()
        return Math.max(...(await loading).latenciesMs)
      }
      const shortWhileMs = (seconds * 1_000) / 8
      return {
        async ours(round) {
          const plain = await longestWait(2 * round, () => {})
          const beside = await longestWait(2 * round + 1, async () => {
            await new Promise((resolve) => setTimeout(resolve, shortWhileMs))
            await sender.ask('closedLoop', { texts: [longText], callers: 1 })
          })
          // Chance can make it less than nothing, of which there is no ratio.
          return Math.max(1, beside - plain)
        },
        theirs: () => 50,
        close: () => Promise.all([others, sender, server].map((child) => child.close())),
      }
    },
  },
]
