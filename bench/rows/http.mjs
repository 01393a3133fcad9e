import { startChild } from '../lib/child.mjs'
import { quantile } from '../lib/measure.mjs'
import { fp32Model, INT8 } from '../lib/models.mjs'
import { startTei } from '../lib/others.mjs'
import { startServer } from '../lib/server.mjs'
import { makeTexts } from '../lib/texts.mjs'

/** Of what the library can do: where people run a server. */
const OPEN_LOOP_SHARE = 0.6

/** A server, callers of it, and the library with callers in it: a process each. */
async function startBoth() {
  const server = await startServer(INT8)
  const [callers, library] = await Promise.all([
    startChild('load-generator.mjs', { port: server.port, model: 'm' }),
    startChild('library.mjs', { models: { m: INT8 } }),
  ])
  const close = () => Promise.all([callers, library, server].map((child) => child.close()))
  return { callers, library, close }
}

/** Texts per second that the library does with 64 callers. */
async function capacityOf(library, kind, seconds) {
  const trial = async (count) => {
    const texts = makeTexts(kind, count, 999_999)
    const { seconds: took } = await library.ask('closedLoop', { texts, callers: 64 })
    return count / took
  }
  await trial(64)
  return trial(Math.max(128, Math.round((await trial(128)) * seconds)))
}

function closedLoopRow(kind, callers) {
  return {
    name: `http.${kind}.c${callers}`,
    rounds: 7,
    figures: [
      {
        name: 'vs_library',
        unit: 'texts/s',
        better: 'more',
        against: `the library, ${callers} callers`,
        target: callers === 64 ? 0.9 : undefined,
      },
    ],
    async prepare({ seconds }) {
      const { callers: clients, library, close } = await startBoth()
      const count = Math.max(2 * callers, Math.round((await capacityOf(library, kind, seconds)) * seconds))
      const rate = (child) => async (round) => {
        const texts = makeTexts(kind, count, 1_000 + round)
        const { seconds: took } = await child.ask('closedLoop', { texts, callers })
        return { vs_library: count / took }
      }
      return { ours: rate(clients), theirs: rate(library), close }
    },
  }
}

/** Both serve the same weights to the same callers, in fp32 as it does. */
function teiRow(callers) {
  return {
    name: `http.mixed.c${callers}.vs_tei`,
    rounds: 5,
    unit: 'texts/s',
    better: 'more',
    against: 'Text Embeddings Inference, fp32',
    async prepare({ seconds }) {
      const model = fp32Model()
      if ('skip' in model) return model
      const tei = await startTei(model)
      if ('skip' in tei) return tei
      const server = await startServer(model)
      const [ours, theirs] = await Promise.all(
        [server, tei].map(({ port }) => startChild('load-generator.mjs', { port, model: 'm' })),
      )
      const rate = async (clients, count, round) => {
        const texts = makeTexts('mixed', count, 1_000 + round)
        return count / (await clients.ask('closedLoop', { texts, callers })).seconds
      }
      const count = Math.max(2 * callers, Math.round((await rate(ours, 2 * callers, 0)) * seconds))
      return {
        ours: (round) => rate(ours, count, round),
        theirs: (round) => rate(theirs, count, round),
        close: () => Promise.all([ours, theirs, server, tei].map((child) => child.close())),
      }
    },
  }
}

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  ...['short', 'mixed', 'long'].flatMap((kind) =>
    [1, 4, 16, 64].map((callers) => closedLoopRow(kind, callers)),
  ),
  {
    name: 'http.mixed.c64_vs_c4',
    rounds: 7,
    unit: 'texts/s',
    better: 'more',
    against: 'the same server, 4 callers',
    // It does not fall.
    target: 1,
    async prepare({ seconds }) {
      const server = await startServer(INT8)
      const clients = await startChild('load-generator.mjs', { port: server.port, model: 'm' })
      const rate = async (callers, count, round) => {
        const texts = makeTexts('mixed', count, 1_000 + round)
        return count / (await clients.ask('closedLoop', { texts, callers })).seconds
      }
      const count = Math.max(128, Math.round((await rate(64, 128, 0)) * seconds))
      return {
        ours: (round) => rate(64, count, round),
        theirs: (round) => rate(4, count, round),
        close: () => Promise.all([clients.close(), server.close()]),
      }
    },
  },
  ...[4, 16, 64].map(teiRow),
  {
    name: 'http.mixed.open_loop',
    rounds: 5,
    figures: ['p50', 'p99'].map((name) => ({
      name,
      unit: 'ms',
      better: 'less',
      against: `the library, at ${OPEN_LOOP_SHARE * 100} % of what it can do`,
    })),
    async prepare({ seconds }) {
      const { callers, library, close } = await startBoth()
      const perSecond = OPEN_LOOP_SHARE * (await capacityOf(library, 'mixed', seconds))
      const count = Math.max(20, Math.round(perSecond * seconds * 3))
      const latencies = (child) => async (round) => {
        const texts = makeTexts('mixed', count, 1_000 + round)
        const all = await child.ask('openLoop', { texts, perSecond, seed: 1_000 + round })
        return { p50: quantile(all, 0.5), p99: quantile(all, 0.99) }
      }
      return {
        ours: latencies(callers),
        theirs: latencies(library),
        note: `${perSecond.toFixed(1)} texts/s`,
        close,
      }
    },
  },
]
