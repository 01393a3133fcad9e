import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startChild } from '../lib/child.mjs'
import { quantile } from '../lib/measure.mjs'
import { fp32Model, INT8 } from '../lib/models.mjs'
import { startSentenceTransformers } from '../lib/others.mjs'
import { startPipelineHandler, startServer } from '../lib/server.mjs'
import { makeTexts } from '../lib/texts.mjs'

const KINDS = ['short', 'mixed', 'long']
const CALLERS = [1, 4, 16, 64]

const startLibrary = (model = INT8) => startChild('library.mjs', { models: { m: model } })
const startLoop = (setup) => startChild('engine-loop.mjs', { model: INT8, kind: 'mixed', ...setup })
const closeAll = (...children) => Promise.all(children.map((child) => child.close()))

/** New texts in every round, the same on both sides. */
const textsOf = (kind, count, round) => makeTexts(kind, count, 1_000 + round)

/** So many that the engine alone takes `seconds`. */
const countFor = (rate, seconds, callers) => Math.max(2 * callers, Math.round(rate * seconds))

function describe({ threads, runs, budget, rate }) {
  return `the loop runs ${runs} × ${threads} threads with at most ${budget} padded tokens, ${Math.round(rate)} texts/s when tried`
}

function engineLoopRow(kind, callers) {
  const isFew = callers < 64
  const limits = isFew ? [Infinity, callers] : [Infinity]
  const rate = { unit: 'texts/s', better: 'more', target: 0.9 }
  const against = 'bare engine loop, all texts at hand'
  return {
    name: `embed.${kind}.c${callers}`,
    rounds: 7,
    figures: [
      { ...rate, name: 'vs_engine_loop', against },
      ...(isFew
        ? [{ ...rate, name: 'vs_same_at_hand', against: `bare engine loop, ${callers} at hand` }]
        : []),
      // What is not time on the clock: waiting is in the ones above, work in this one.
      { name: 'cpu_vs_engine_loop', unit: 'CPU ms/text', better: 'less', against },
    ],
    async prepare({ seconds }) {
      const [loop, library] = await Promise.all([startLoop({ kind, limits, seconds }), startLibrary()])
      const best = await loop.ask('best', Infinity)
      const count = countFor(best.rate, seconds, callers)
      const textsFor = (round) => textsOf(kind, count, round)
      return {
        note: describe(best),
        async ours(round) {
          const took = await library.ask('closedLoop', { texts: textsFor(round), callers })
          const perSecond = count / took.seconds
          const cpu_vs_engine_loop = took.cpuMs / count
          return { vs_engine_loop: perSecond, vs_same_at_hand: perSecond, cpu_vs_engine_loop }
        },
        async theirs(round) {
          const took = await loop.ask('run', { texts: textsFor(round), limit: Infinity })
          const few = isFew ? await loop.ask('run', { texts: textsFor(round), limit: callers }) : took
          return {
            vs_engine_loop: count / took.seconds,
            vs_same_at_hand: count / few.seconds,
            cpu_vs_engine_loop: took.cpuMs / count,
          }
        },
        close: () => closeAll(loop, library),
      }
    },
  }
}

/** Servers and callers in processes of their own; both sides with the same file, and 16 callers of one text each. */
function pipelineRow(dtype) {
  const callers = 16
  const against = 'transformers.js 4.3.1 in a Fastify handler'
  return {
    name: `embed.mixed.vs_pipeline_handler.${dtype}`,
    rounds: 5,
    figures: [
      // CPU time of a text at most 0.55 of theirs.
      { name: '', unit: 'CPU ms/text', better: 'less', against, target: 1 / 0.55 },
      { name: 'throughput', unit: 'texts/s', better: 'more', against },
    ],
    async prepare({ seconds }) {
      const model = dtype === 'fp32' ? fp32Model() : INT8
      if ('skip' in model) return model
      const servers = await Promise.all([startServer(model), startPipelineHandler(model)])
      const [ours, theirs] = await Promise.all(
        servers.map(async (server) => {
          const clients = await startChild('load-generator.mjs', { port: server.port, model: 'm' })
          return { server, clients }
        }),
      )
      const measure = async ({ server, clients }, texts) => {
        const before = await server.cpuMs()
        const { seconds: took } = await clients.ask('closedLoop', { texts, callers })
        const cpuMs = (await server.cpuMs()) - before
        return { '': cpuMs / texts.length, throughput: texts.length / took }
      }
      const trial = await measure(theirs, makeTexts('mixed', 2 * callers, 999_999))
      const count = countFor(trial.throughput, seconds, callers)
      const side = (one) => (round) => measure(one, textsOf('mixed', count, round))
      const close = () => closeAll(...servers, ours.clients, theirs.clients)
      return { ours: side(ours), theirs: side(theirs), close }
    },
  }
}

/** How late the event loop of this process, which does nothing, comes round while `work` goes on: 99 % are less, in ms. */
async function idleDelay(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await work()
  histogram.disable()
  return histogram.percentile(99) / 1e6
}

const eventLoopRow = {
  name: 'embed.eventloop.p99',
  rounds: 5,
  figures: [
    { name: '', unit: 'ms', better: 'less', against: 'an idle loop beside a bare engine loop', target: 0.5 },
    { name: 'vs_handler', unit: 'ms', better: 'less', against: 'transformers.js 4.3.1 in a Fastify handler' },
  ],
  async prepare({ seconds }) {
    const callers = 64
    const [loop, library, server] = await Promise.all([
      startLoop({ limits: [Infinity], seconds }),
      startLibrary(),
      startPipelineHandler(INT8),
    ])
    const clients = await startChild('load-generator.mjs', { port: server.port, model: 'm' })
    const { rate } = await loop.ask('best', Infinity)
    const count = countFor(rate, seconds, callers)
    const few = countFor(rate / 4, seconds, 4)
    return {
      async ours(round) {
        const texts = textsOf('mixed', count, round)
        const delay = await library.ask('delayUnderLoad', { texts, callers })
        return { '': delay, vs_handler: delay }
      },
      async theirs(round) {
        const texts = textsOf('mixed', count, round)
        const idle = await idleDelay(() => loop.ask('run', { texts, limit: Infinity }))
        await server.delayP99Ms()
        await clients.ask('closedLoop', { texts: textsOf('mixed', few, round), callers: 4 })
        return { '': idle, vs_handler: await server.delayP99Ms() }
      },
      close: () => closeAll(loop, library, server, clients),
    }
  },
}

const concurrentRow = {
  name: 'embed.concurrent4_vs_sequential',
  rounds: 7,
  unit: 'texts/s',
  better: 'more',
  against: 'the engine, one text after another',
  async prepare({ seconds }) {
    const [loop, library] = await Promise.all([startLoop({ limits: [1], seconds }), startLibrary()])
    const best = await loop.ask('best', 1)
    const count = countFor(best.rate, seconds, 4)
    return {
      note: describe(best),
      async ours(round) {
        const { seconds: took } = await library.ask('closedLoop', {
          texts: textsOf('mixed', count, round),
          callers: 4,
        })
        return count / took
      },
      async theirs(round) {
        return count / (await loop.ask('run', { texts: textsOf('mixed', count, round), limit: 1 })).seconds
      },
      close: () => closeAll(loop, library),
    }
  },
}

const tailRow = {
  name: 'embed.p99_vs_p50.c16',
  rounds: 7,
  unit: '× p50',
  better: 'less',
  against: 'three times the median latency',
  target: 1,
  async prepare({ seconds }) {
    const library = await startLibrary()
    const latencies = async (texts) => (await library.ask('closedLoop', { texts, callers: 16 })).latenciesMs
    const trial = await library.ask('closedLoop', { texts: textsOf('mixed', 64, 0), callers: 16 })
    // 1 % of a few hundred is a handful.
    const count = countFor(64 / trial.seconds, seconds * 3, 16)
    return {
      async ours(round) {
        const all = await latencies(textsOf('mixed', count, round))
        return quantile(all, 0.99) / quantile(all, 0.5)
      },
      theirs: () => 3,
      close: () => library.close(),
    }
  },
}

const sentenceTransformersRow = {
  name: 'embed.mixed.vs_sentence_transformers',
  rounds: 5,
  unit: 'texts/s',
  better: 'more',
  against: 'sentence-transformers, fp32, all texts at hand',
  async prepare({ seconds }) {
    const callers = 64
    const model = fp32Model()
    if ('skip' in model) return model
    const python = await startSentenceTransformers(model)
    if ('skip' in python) return python
    const library = await startLibrary(model)
    const ours = async (texts) => texts.length / (await library.ask('closedLoop', { texts, callers })).seconds
    const theirs = async (texts) => texts.length / (await python.seconds(texts))
    const count = countFor(await ours(textsOf('mixed', 2 * callers, 0)), seconds, callers)
    return {
      ours: (round) => ours(textsOf('mixed', count, round)),
      theirs: (round) => theirs(textsOf('mixed', count, round)),
      close: () => closeAll(library, python),
    }
  },
}

/** @type {import('../lib/measure.mjs').Row[]} */
export default [
  ...KINDS.flatMap((kind) => CALLERS.map((callers) => engineLoopRow(kind, callers))),
  ...['int8', 'fp32'].map(pipelineRow),
  eventLoopRow,
  concurrentRow,
  tailRow,
  sentenceTransformersRow,
]
