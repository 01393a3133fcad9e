import { startChild } from '../lib/child.mjs'
import { INT8 } from '../lib/models.mjs'
import { makeTexts } from '../lib/texts.mjs'

const CALLERS = 64

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  {
    name: 'two_models.sum',
    rounds: 9,
    unit: 'texts/s',
    better: 'more',
    against: `one of them alone, ${CALLERS} callers as well`,
    target: 0.95,
    async prepare({ seconds }) {
      const library = await startChild('library.mjs', { models: { a: INT8, b: INT8 } })
      const measure = async (models, count, round) => {
        const texts = makeTexts('mixed', count, 1_000 + round)
        const callers = CALLERS / models.length
        return count / (await library.ask('together', { texts, callers, models })).seconds
      }
      await measure(['a', 'b'], 2 * CALLERS, 0)
      const count = Math.max(2 * CALLERS, Math.round((await measure(['a'], 2 * CALLERS, 0)) * seconds))
      return {
        ours: (round) => measure(['a', 'b'], count, round),
        theirs: (round) => measure(round % 2 === 0 ? ['a'] : ['b'], count, round),
        close: () => library.close(),
      }
    },
  },
]
