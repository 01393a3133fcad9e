// The library in a process of its own, with callers in it.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createRuntime } from '../../dist/index.js'
import { answer } from './child.mjs'
import { closedLoop, openLoop } from './loops.mjs'

let runtime

answer({
  /** @param {{ models: Record<string, { source: string, dtype: string }> }} setup Loads all of them. */
  async start({ models }) {
    runtime = await createRuntime({ models })
    await Promise.all(Object.keys(models).map((name) => runtime.load(name)))
  },
  closedLoop: ({ texts, callers, model = 'm' }) =>
    closedLoop(texts, callers, (text) => runtime.embed(model, text)),
  openLoop: ({ texts, perSecond, seed }) =>
    openLoop(texts, perSecond, seed, (text) => runtime.embed('m', text)),
  rerankLoop: ({ requests, callers }) =>
    closedLoop(requests, callers, ({ query, documents }) => runtime.rerank('m', query, documents)),
  translateLoop: ({ texts, callers }) => closedLoop(texts, callers, (text) => runtime.translate('m', text)),
  /** So many at once, and the next ones when all of these are done. */
  async translateGroups({ texts, size }) {
    const startMs = performance.now()
    for (let start = 0; start < texts.length; start += size) {
      await Promise.all(texts.slice(start, start + size).map((text) => runtime.translate('m', text)))
    }
    return { seconds: (performance.now() - startMs) / 1_000 }
  },
  /** Tokens that are written for each text. */
  translatedTokens: async (texts) =>
    (await runtime.translate('m', texts)).tokenCounts.map(({ target }) => target),
  /** In the order of the documents. */
  async rerankScores({ query, documents }) {
    const { results } = await runtime.rerank('m', query, documents)
    return results.toSorted((a, b) => a.index - b.index).map(({ score }) => score)
  },
  async cosines({ query, documents }) {
    const { vectors } = await runtime.embed('embedder', [query, ...documents])
    const [asked, ...others] = vectors
    return others.map((vector) => vector.reduce((sum, value, i) => sum + value * asked[i], 0))
  },
  /** The same load on each of several models at once. */
  async together({ texts, callers, models }) {
    const startMs = performance.now()
    await Promise.all(
      models.map((model, part) => {
        const own = texts.filter((_, place) => place % models.length === part)
        return closedLoop(own, callers, (text) => runtime.embed(model, text))
      }),
    )
    return { seconds: (performance.now() - startMs) / 1_000 }
  },
  /** How late the event loop of this process came round in all but 1 % of the cases, in milliseconds. */
  async delayUnderLoad({ texts, callers }) {
    const histogram = monitorEventLoopDelay({ resolution: 1 })
    histogram.enable()
    await closedLoop(texts, callers, (text) => runtime.embed('m', text))
    histogram.disable()
    return histogram.percentile(99) / 1e6
  },
})
