// Real threads or processes, the real model, and everything at once: embedding, reranking, leaving, deadlines, unloads, swaps, and
// threads or processes that are killed.
// Every vector and every score is compared with the one that the same text gave alone; every caller has to be answered; memory has to
// stay flat.
//
//   npm run stress -- [--seconds 600] [--callers 48] [--seed 1] [--isolation thread]
import { subscribe } from 'node:diagnostics_channel'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createRuntime, LeaseholdError } from '../dist/index.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    callers: { type: 'string', default: '48' },
    seed: { type: 'string', default: '1' },
    isolation: { type: 'string', default: 'thread' },
  },
})
const seconds = Number(values.seconds)
const random = mulberry32(Number(values.seed))
const { isolation } = values
const source = join(import.meta.dirname, '..', 'models', 'all-MiniLM-L6-v2')

/** Threads and processes as Node starts them: killing one here is a death that nobody in the library asked for. */
const hosts = new Set()
const keepInMind = (host) => {
  hosts.add(host)
  host.once('exit', () => hosts.delete(host))
}
process.on('worker', keepInMind)
subscribe('child_process', (message) => keepInMind(message.process))
/** As the system does it when memory is short, as native code does it itself, and as it is ended for a fault. */
const SIGNALS = ['SIGKILL', 'SIGABRT', 'SIGSEGV']

const counts = { answered: 0, left: 0, refused: {}, unexpected: [], wrong: 0, kills: 0, swaps: 0, unloads: 0 }
const runtime = await createRuntime(
  { models: { a: { source, isolation }, b: { source, isolation } }, loadingTimeoutMs: 60_000 },
  { logger: { warn: () => {} } },
)
const texts = makeTexts(200)
const alone = await vectorsAlone(texts)
/** Of the first texts as queries, the score of each text. */
const QUERIES = 4
const scoresAlone = await rankAlone(texts)
const endAtMs = performance.now() + seconds * 1_000
const isOver = () => performance.now() >= endAtMs
let inFlight = 0
let callers = 0
/** While memory is read everybody waits for this; and whether the disturber still has something in hand. */
let pause = Promise.resolve()
let isDisturbing = false

const warm = warmUp()
const work = Promise.all([...Array.from({ length: Number(values.callers) }, caller), disturb(), measure()])
const [, memory] = await Promise.all([warm, work.then((results) => results.at(-1))])
await settle()
const statuses = runtime.models()
await runtime.close({ graceMs: 5_000 })

const leaked = statuses.filter(
  ({ concurrentAccessCount, queuedRequests }) => concurrentAccessCount + queuedRequests > 0,
)
const growth = memory.last / memory.first
console.log(JSON.stringify({ ...counts, unexpected: counts.unexpected.slice(0, 5) }, undefined, 2))
console.log(`${callers} calls, ${inFlight} without an answer, ${leaked.length} models with callers left`)
console.log(
  `resident memory: ${mb(memory.first)} MB after the first third, ${mb(memory.last)} MB at the end (x${growth.toFixed(2)})`,
)
const isFine =
  inFlight === 0 &&
  leaked.length === 0 &&
  counts.wrong === 0 &&
  counts.unexpected.length === 0 &&
  growth < 1.3
console.log(isFine ? 'stress: passed' : 'stress: FAILED')
process.exitCode = isFine ? 0 : 1

async function caller() {
  for (await pause; !isOver(); await pause) {
    const indices = Array.from({ length: 1 + Math.floor(random() * 6) }, () =>
      Math.floor(random() * texts.length),
    )
    const leaving = new AbortController()
    const leavesInMs = random() < 0.1 ? random() * 30 : undefined
    const options = { signal: leaving.signal, ...(random() < 0.1 && { deadlineMs: 5 + random() * 200 }) }
    const timer = leavesInMs === undefined ? undefined : setTimeout(() => leaving.abort(), leavesInMs)
    inFlight++
    callers++
    try {
      const model = random() < 0.8 ? 'a' : 'b'
      counts.wrong +=
        random() < 0.7 ? await embed(model, indices, options) : await rerank(model, indices, options)
      counts.answered++
    } catch (error) {
      note(error, leaving.signal)
    } finally {
      inFlight--
      clearTimeout(timer)
    }
    if (random() < 0.02) await sleep(random() * 20)
  }
}

/** Answers with how many vectors are not those of their texts. */
async function embed(model, indices, options) {
  const inputs = indices.map((index) => texts[index])
  const { vectors } = await runtime.embed(model, inputs, options)
  return indices.filter((index, row) => cosine(vectors[row], alone[index]) < 0.9999).length
}

async function rerank(model, indices, options) {
  const query = Math.floor(random() * QUERIES)
  const documents = indices.map((index) => texts[index])
  const { results } = await runtime.rerank(model, texts[query], documents, options)
  return results.filter(({ index, score }) => Math.abs(score - scoresAlone[query][indices[index]]) > 1e-4)
    .length
}

/** What a caller may hear: that it left, that it was refused or was too late, or that its thread was killed. */
function note(error, signal) {
  if (signal.aborted) counts.left++
  else if (
    error instanceof LeaseholdError &&
    ['LEASE_REVOKED', 'DEADLINE_EXCEEDED', 'OVERLOADED', 'MODEL_LOAD'].includes(error.code)
  ) {
    counts.refused[error.code] = (counts.refused[error.code] ?? 0) + 1
  } else counts.unexpected.push(String(error))
}

async function disturb() {
  let revision = 1
  for (;;) {
    isDisturbing = false
    await sleep(200 + random() * 600)
    await pause
    if (isOver()) return
    isDisturbing = true
    const kind = random()
    const model = random() < 0.5 ? 'a' : 'b'
    if (kind < 0.3) {
      counts.swaps++
      await runtime.swap(model, { revision: String(revision++) }).catch(tolerated)
    } else if (kind < 0.5) {
      counts.unloads++
      await runtime.unload(model)
    } else if (kind < 0.6) {
      const [host] = hosts
      if (host === undefined) continue
      if (isolation === 'thread') await host.terminate()
      else host.kill(SIGNALS[counts.kills % SIGNALS.length])
      counts.kills++
    } else if (kind < 0.8) {
      await runtime.withLease(model, () => sleep(random() * 50)).catch(tolerated)
    } else runtime.configure(model, { maxConcurrentUses: 8 + Math.floor(random() * 64) })
  }
}

/** A thread that is killed takes its load, its swap or a lease with it; what is lost again and again is in back-off. */
function tolerated(error) {
  if (!(error instanceof LeaseholdError)) counts.unexpected.push(String(error))
}

/** After a kill a model may be in back-off, which only a load overrides: else the rest of the run would do nothing. */
async function warmUp() {
  while (!isOver()) {
    await sleep(500)
    for (const { name, nextRetryAt } of runtime.models())
      if (nextRetryAt) await runtime.load(name).catch(tolerated)
  }
}

async function measure() {
  await sleep(seconds * 300)
  const first = await quietRss()
  while (!isOver()) await sleep(100)
  return { first, last: await quietRss() }
}

/** The least of some readings with the same models loaded and nothing going on: what is between two batches does not stay. */
async function quietRss() {
  let resume
  pause = new Promise((resolve) => (resume = resolve))
  while (inFlight > 0 || isDisturbing) await sleep(20)
  await Promise.all(runtime.models().map(({ name }) => runtime.load(name).catch(tolerated)))
  let least = Infinity
  for (let reading = 0; reading < 20; reading++) {
    least = Math.min(least, process.memoryUsage().rss)
    await sleep(50)
  }
  resume()
  return least
}

async function settle() {
  for (let waits = 0; waits < 100 && inFlight > 0; waits++) await sleep(100)
}

async function vectorsAlone(all) {
  const vectors = []
  for (const text of all) vectors.push((await runtime.embed('a', text)).vectors[0].slice())
  return vectors
}

/** The scores of a query do not depend on the other documents. */
async function rankAlone(all) {
  const scores = []
  for (const query of all.slice(0, QUERIES)) {
    const { results } = await runtime.rerank('a', query, all)
    scores.push(results.toSorted((a, b) => a.index - b.index).map(({ score }) => score))
  }
  return scores
}

function makeTexts(count) {
  const words =
    'lease model batch queue thread token vector search river stone music winter garden signal memory paper'.split(
      ' ',
    )
  return Array.from(
    { length: count },
    (_, index) =>
      Array.from(
        { length: 1 + Math.floor(random() ** 2 * 120) },
        () => words[Math.floor(random() * words.length)],
      ).join(' ') + index,
  )
}

function cosine(a, b) {
  let dot = 0
  for (let index = 0; index < a.length; index++) dot += a[index] * b[index]
  return dot
}

function mb(bytes) {
  return Math.round(bytes / 1e6)
}

function mulberry32(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
