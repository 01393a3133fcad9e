// A bare loop over the engine: what a program would do that has all its texts at hand and nobody to serve. One process.
import { availableParallelism } from 'node:os'
import { answer } from './child.mjs'
import { openEngine } from './engine.mjs'
import { timed } from './loops.mjs'
import { makeTexts } from './texts.mjs'

const CORES = availableParallelism()
const WINDOW_TEXTS = 64
const BUDGETS = [128, 256, 384, 512, 768]
/** How long texts are encoded before ended runs get their turn. */
const ENCODE_SLICE_MS = 2
/** How often each way to run is tried, and for which share of a round. */
const [TRIALS, TRIAL_SHARE] = [3, 0.2]
/** Not of any round. */
const CALIBRATION_SEED = 999_999

/** By threads of a run. */
const engines = new Map()

/**
 * Windows of 64 texts, sorted by length and cut where the next text would exceed the budget; as many runs in flight as
 * there are cores, and texts encoded ahead so that none of them waits.
 */
async function windows(texts, { engine, runs, budget }) {
  const vectors = []
  const ready = []
  let encoded = 0
  let window = []
  const encodeSlice = () => {
    const endMs = performance.now() + ENCODE_SLICE_MS
    while (encoded < texts.length && performance.now() < endMs) {
      window.push({ place: encoded, ids: engine.encode(texts[encoded]) })
      encoded++
      if (window.length < WINDOW_TEXTS && encoded < texts.length) continue
      ready.push(...cut(window, budget))
      window = []
    }
  }
  const keepRunning = async () => {
    for (;;) {
      while (ready.length === 0 && encoded < texts.length) encodeSlice()
      const batch = ready.shift()
      if (batch === undefined) return
      const running = runBatch(engine, batch, vectors)
      // The next window, while this one runs.
      if (ready.length < WINDOW_TEXTS) encodeSlice()
      await running
    }
  }
  await Promise.all(Array.from({ length: runs }, keepRunning))
  return vectors
}

/** Longest first, so that the last runs are short ones. */
function cut(texts, budget) {
  const sorted = texts.toSorted((a, b) => b.ids.length - a.ids.length)
  const batches = []
  for (let start = 0; start < sorted.length;) {
    const size = Math.max(1, Math.floor(budget / sorted[start].ids.length))
    batches.push(sorted.slice(start, start + size))
    start += size
  }
  return batches
}

/**
 * The same with only so many texts at hand at a time: the next one comes when one is done. What waits is shared out among
 * the runs that are free.
 */
async function atHand(texts, { engine, runs, budget }, limit) {
  const vectors = []
  const waiting = []
  let seen = 0
  let done = 0
  let inFlight = 0
  const start = () => {
    for (; seen < texts.length && seen - done < limit; seen++) {
      waiting.push({ place: seen, ids: engine.encode(texts[seen]) })
    }
    waiting.sort((a, b) => b.ids.length - a.ids.length)
    const started = []
    while (waiting.length > 0 && inFlight < runs) {
      const share = Math.ceil(tokensOf(waiting) / (runs - inFlight))
      const room = Math.floor(Math.min(budget, share) / waiting[0].ids.length)
      inFlight++
      started.push(finish(waiting.splice(0, Math.max(1, room))))
    }
    return Promise.all(started)
  }
  const finish = async (batch) => {
    await runBatch(engine, batch, vectors)
    inFlight--
    done += batch.length
    await start()
  }
  await start()
  return vectors
}

function tokensOf(texts) {
  return texts.reduce((sum, { ids }) => sum + ids.length, 0)
}

async function runBatch(engine, batch, vectors) {
  const results = await engine.run(batch.map(({ ids }) => ids))
  for (const [row, { place }] of batch.entries()) vectors[place] = results[row]
}

/** For these texts, all at hand or only `limit` of them. */
function measure(texts, way, limit = Infinity) {
  return timed(() => (limit >= WINDOW_TEXTS ? windows(texts, way) : atHand(texts, way, limit)))
}

/** Ways to run, by the number of texts at hand. */
const best = new Map()

answer({
  async start({ model, kind, limits, seconds }) {
    // One text at a time has use for threads that help one run; more texts have one thread each.
    const counts = Math.min(...limits) < CORES && CORES > 1 ? [1, CORES] : [1]
    for (const threads of counts) engines.set(threads, await openEngine(model, threads))
    for (const limit of limits) best.set(limit, await findBest(kind, limit, seconds))
  },
  /** What was found out: how it runs, and texts per second. */
  best: (limit) => {
    const { threads, runs, budget, rate } = best.get(limit)
    return { threads, runs, budget, rate }
  },
  run: ({ texts, limit }) => measure(texts, best.get(limit), limit),
})

/** Tries a few ways on texts of this kind, in turns, and answers with the one that was the fastest at its best. */
async function findBest(kind, limit, seconds) {
  const ways = []
  for (const [threads, engine] of engines) {
    const runs = Math.max(1, Math.floor(CORES / threads))
    // With one text at a time there is nothing to put together.
    const budgets = limit === 1 ? [BUDGETS[0]] : BUDGETS
    for (const budget of threads > 1 && limit > 1 ? [] : budgets) ways.push({ engine, threads, runs, budget })
  }
  const fewest = limit === Infinity ? 2 * WINDOW_TEXTS : 2 * limit
  const first = await measure(makeTexts(kind, fewest, CALIBRATION_SEED), ways[0], limit)
  const count = Math.max(fewest, Math.round((fewest / first.seconds) * seconds * TRIAL_SHARE))
  const texts = makeTexts(kind, count, CALIBRATION_SEED)
  for (let trial = 0; trial < TRIALS; trial++) {
    for (const way of ways) {
      const took = await measure(texts, way, limit)
      way.rate = Math.max(way.rate ?? 0, count / took.seconds)
    }
  }
  return ways.toSorted((a, b) => b.rate - a.rate)[0]
}
