// A bare loop over the engine for requests that are all at hand: windows of requests, their documents sorted by length.
import { availableParallelism } from 'node:os'
import { answer } from './child.mjs'
import { openReranker } from './rerank-engine.mjs'
import { makeRequests } from './rerank-requests.mjs'

const CORES = availableParallelism()
const WINDOW_DOCUMENTS = 64
const BUDGETS = [256, 384, 512, 768]

let engine
let best

/** Longest first, so that the last runs of a window are short ones. */
function cut(items, budget) {
  const sorted = items.toSorted((a, b) => b.ids.length - a.ids.length)
  const batches = []
  for (let start = 0; start < sorted.length;) {
    const room = engine.isBatchInvariant ? Math.max(1, Math.floor(budget / sorted[start].ids.length)) : 1
    batches.push(sorted.slice(start, start + room))
    start += room
  }
  return batches
}

/** The batches of the next requests, and room for their scores. */
async function prepare(requests, budget) {
  const queries = await engine.prepare(requests.map(({ query }) => query))
  const items = requests.flatMap(({ documents }, request) =>
    documents.map((document, place) => ({ ...engine.encode(queries[request], document), request, place })),
  )
  return { batches: cut(items, budget), scores: requests.map(() => []) }
}

async function measure(requests, budget) {
  const perWindow = Math.max(1, Math.floor(WINDOW_DOCUMENTS / requests[0].documents.length))
  const startMs = performance.now()
  const scores = []
  let preparing = prepare(requests.slice(0, perWindow), budget)
  for (let first = 0; first < requests.length; first += perWindow) {
    const { batches, scores: own } = await preparing
    const next = requests.slice(first + perWindow, first + 2 * perWindow)
    const keepRunning = async () => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        const running = engine.run(batch, (row, score) => (own[batch[row].request][batch[row].place] = score))
        // The next window, while the last batches of this one run.
        if (batches.length === 0 && next.length > 0) preparing = nextWindow(next, budget, first)
        await running
      }
    }
    await Promise.all(Array.from({ length: CORES }, keepRunning))
    scores.push(...own)
  }
  return { seconds: (performance.now() - startMs) / 1_000, scores }
}

let prepared = { first: -1 }

/** Prepared once, whichever of the runs has seen the end of the window first. */
function nextWindow(requests, budget, first) {
  if (prepared.first !== first) prepared = { first, work: prepare(requests, budget) }
  return prepared.work
}

answer({
  async start({ method, model, seconds }) {
    engine = await openReranker(method, model)
    const trial = makeRequests(6, 999_999)
    await measure(trial, BUDGETS[0])
    const { seconds: took } = await measure(trial, BUDGETS[0])
    const requests = makeRequests(Math.max(6, Math.round((trial.length / took) * seconds * 0.4)), 999_998)
    const ways = []
    for (const budget of engine.isBatchInvariant ? BUDGETS : BUDGETS.slice(0, 1)) {
      prepared = { first: -1 }
      ways.push({ budget, rate: requests.length / (await measure(requests, budget)).seconds })
    }
    best = ways.toSorted((a, b) => b.rate - a.rate)[0]
  },
  /** How it runs, and requests per second. */
  best: () => best,
  run({ requests }) {
    prepared = { first: -1 }
    return measure(requests, best.budget)
  },
})
