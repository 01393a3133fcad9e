import { startChild } from '../lib/child.mjs'
import { INT8, rerankModel } from '../lib/models.mjs'
import { rankingSet, reciprocalRank } from '../lib/ranking-set.mjs'
import { DOCUMENTS, makeRequests } from '../lib/rerank-requests.mjs'

const CALLERS = 8

const modelOf = (method) => (method === 'late_interaction' ? INT8 : rerankModel())
const startLibrary = (models) => startChild('library.mjs', { models })

function engineLoopRow(method) {
  return {
    name: `rerank.mixed.vs_engine_loop.${method}`,
    rounds: 7,
    unit: 'documents/s',
    better: 'more',
    against: 'bare engine loop, all requests at hand',
    target: 0.9,
    async prepare({ seconds }) {
      const model = modelOf(method)
      if ('skip' in model) return model
      const loop = await startChild('rerank-loop.mjs', { method, model, seconds })
      const library = await startLibrary({ m: model })
      const { budget, rate } = await loop.ask('best')
      const count = Math.max(2 * CALLERS, Math.round(rate * seconds))
      const requestsOf = (round) => makeRequests(count, 5_000 + 10 * round)
      const rateOf = ({ seconds: took }) => (count * DOCUMENTS) / took
      return {
        note: `${CALLERS} callers, ${DOCUMENTS} documents each; the loop runs at most ${budget} padded tokens`,
        ours: async (round) =>
          rateOf(await library.ask('rerankLoop', { requests: requestsOf(round), callers: CALLERS })),
        theirs: async (round) => rateOf(await loop.ask('run', { requests: requestsOf(round) })),
        close: () => Promise.all([loop.close(), library.close()]),
      }
    },
  }
}

/** Nothing is timed here: one round says it all. */
const qualityRow = (method) => ({
  name: `rerank.quality.${method}`,
  rounds: 1,
  warmups: 0,
  unit: 'MRR@10',
  better: 'more',
  against: 'cosine of the embeddings',
  async prepare() {
    const model = modelOf(method)
    if ('skip' in model) return model
    const library = await startLibrary({ m: model, embedder: INT8 })
    const questions = rankingSet()
    const mean = async (what) => {
      const ranks = await Promise.all(
        questions.map(async ({ query, documents, right }) =>
          reciprocalRank(await library.ask(what, { query, documents }), right),
        ),
      )
      return ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length
    }
    return {
      note: `${questions.length} questions over this repository's documents, 20 candidates each; bench/data/rerank-docs.json says how they were made`,
      ours: () => mean('rerankScores'),
      theirs: () => mean('cosines'),
      close: () => library.close(),
    }
  },
})

const METHODS = ['late_interaction', 'cross_encoder']

/** @type {import('../lib/measure.mjs').Row[]} */
export default [...METHODS.map(engineLoopRow), ...METHODS.map(qualityRow)]
