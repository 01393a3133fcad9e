import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChild } from '../lib/child.mjs'
import { TRANSLATOR } from '../lib/models.mjs'

/** Sentences that the model was made for, all different. */
const SENTENCES = JSON.parse(readFileSync(join(TRANSLATOR.source, 'reference.json'), 'utf8')).map(
  ({ source }) => source,
)

const closeAll = (...children) => Promise.all(children.map((child) => child.close()))

/** Other ones in each round, none of the 40 twice among those that are sent together. */
function textsOf(count, round) {
  return Array.from({ length: count }, (_, i) => SENTENCES[(i * 7 + round * 3 + 40) % SENTENCES.length])
}

/** @param poolThreads How many threads libuv has: two of them stay free, and each of the others can carry a run. */
async function startLibrary(poolThreads) {
  const before = process.env.UV_THREADPOOL_SIZE
  if (poolThreads !== undefined) process.env.UV_THREADPOOL_SIZE = String(poolThreads)
  try {
    return await startChild('library.mjs', { models: { m: TRANSLATOR } })
  } finally {
    if (before === undefined) delete process.env.UV_THREADPOOL_SIZE
    else process.env.UV_THREADPOOL_SIZE = before
  }
}

/** Sentences per second, so many sent together and the next ones when all have been answered. */
async function groupRate(library, texts, size) {
  const { seconds } = await library.ask('translateGroups', { texts, size })
  return texts.length / seconds
}

async function rateOf(library, texts, callers) {
  const { seconds } = await library.ask('translateLoop', { texts, callers })
  return texts.length / seconds
}

const concurrent = {
  name: 'translate.concurrent4_vs_sequential',
  rounds: 7,
  unit: 'sentences/s',
  better: 'more',
  against: 'the same requests one after the other, with the best number of threads',
  target: 2.5,
  async prepare({ seconds }) {
    const together = await startLibrary()
    // One run that has all cores, and as usual.
    const ways = [
      { title: 'all threads for a run', library: await startLibrary(3) },
      { title: 'one thread for a run', library: await startLibrary() },
    ]
    for (const way of ways) {
      await groupRate(way.library, textsOf(80, 0), 1)
      way.rate = await groupRate(way.library, textsOf(80, 1), 1)
    }
    const [best, other] = ways.toSorted((a, b) => b.rate - a.rate)
    await other.library.close()
    const count = Math.max(8, Math.round(best.rate * seconds))
    return {
      note: `in sequence: ${best.title}, ${Math.round(best.rate)} sentences/s when tried, against ${Math.round(other.rate)}`,
      ours: (round) => groupRate(together, textsOf(count, round), 4),
      theirs: (round) => groupRate(best.library, textsOf(count, round), 1),
      close: () => closeAll(together, best.library),
    }
  },
}

const transformers = {
  name: 'translate.vs_transformersjs',
  rounds: 7,
  unit: 'tokens/s',
  better: 'more',
  against: 'transformers.js 4.3.1 with the same files and callers',
  target: 2,
  async prepare({ seconds }) {
    const callers = 16
    const [library, theirs] = await Promise.all([
      startLibrary(),
      startChild('transformers-translate.mjs', TRANSLATOR),
    ])
    const counts = await library.ask('translatedTokens', SENTENCES)
    const tokensOf = new Map(SENTENCES.map((sentence, i) => [sentence, counts[i]]))
    const trial = await rateOf(theirs, textsOf(2 * callers, 0), callers)
    const count = Math.max(2 * callers, Math.round(trial * seconds))
    const side = (child) => async (round) => {
      const texts = textsOf(count, round)
      const tokens = texts.reduce((sum, text) => sum + tokensOf.get(text), 0)
      return (tokens / texts.length) * (await rateOf(child, texts, callers))
    }
    return { ours: side(library), theirs: side(theirs), close: () => closeAll(library, theirs) }
  },
}

export default [concurrent, transformers]
