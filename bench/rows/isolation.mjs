import { startChild } from '../lib/child.mjs'
import { quantile } from '../lib/measure.mjs'
import { INT8 } from '../lib/models.mjs'
import { makeTexts } from '../lib/texts.mjs'

/** What texts of this kind take on one core of most machines: it only says how many to take. */
const TEXTS_PER_SECOND = 100

const startLibrary = (isolation) => startChild('library.mjs', { models: { m: { ...INT8, isolation } } })

/** A model in a process of its own, beside the same in a thread. */
function isolationRow(callers) {
  const against = 'the same model in a thread'
  return {
    name: `isolation.c${callers}`,
    rounds: 7,
    figures: [
      { name: 'throughput', unit: 'texts/s', better: 'more', against },
      { name: 'p50', unit: 'ms', better: 'less', against },
    ],
    async prepare({ seconds }) {
      const [own, thread] = await Promise.all([startLibrary('process'), startLibrary('thread')])
      const count = Math.max(2 * callers, Math.round(TEXTS_PER_SECOND * seconds))
      const measure = async (library, round) => {
        const texts = makeTexts('mixed', count, 1_000 + round)
        const { seconds: took, latenciesMs } = await library.ask('closedLoop', { texts, callers })
        return { throughput: count / took, p50: quantile(latenciesMs, 0.5) }
      }
      return {
        ours: (round) => measure(own, round),
        theirs: (round) => measure(thread, round),
        close: () => Promise.all([own.close(), thread.close()]),
      }
    },
  }
}

/** @type {import('../lib/measure.mjs').Row[]} */
export default [isolationRow(1), isolationRow(16), isolationRow(64)]
