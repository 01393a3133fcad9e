// Searches the passages of a folder: embeds them once and keeps the vectors in a file, takes the nearest to a question by
// vector, reranks those by late interaction, and translates the best into Hindi.
//
//   npm run example -- 07                             with the documents and the questions below
//   node .examples/07-search-pipeline.js docs "…?"    with others
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createRuntime, type Runtime } from 'leasehold'

const [folder = 'docs', ...asked] = process.argv.slice(2)
const DEFAULT_QUESTIONS = [
  'How soon is a failed load tried again?',
  'What happens to the work of a client that has left?',
  'Can several processes share a session?',
]
const questions = asked.length > 0 ? asked : DEFAULT_QUESTIONS

interface Passage {
  file: string
  text: string
}

/** The paragraphs and list items of a folder's Markdown, without code and tables. */
function readPassages(folder: string): Passage[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.md'))
  return files.flatMap((file) => {
    const prose = readFileSync(join(folder, file), 'utf8').replaceAll(/```.*?```/gs, '')
    return prose
      .split(/\n\s*\n|\n(?=[-*] |\d+\. )/)
      .map((text) => text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[*`]|^(- |\d+\. )/g, ''))
      .map((text) => text.replaceAll(/\s+/g, ' ').trim())
      .filter((text) => text.length > 60 && !/^[#|]/.test(text))
      .map((text) => ({ file, text }))
  })
}

/** Vectors of one length, one after the other, with the dot product as what is near: theirs is 1, so it is the cosine. */
class VectorIndex {
  readonly #values: Float32Array
  readonly #dimensions: number

  constructor(values: Float32Array, dimensions: number) {
    this.#values = values
    this.#dimensions = dimensions
  }

  nearest(query: Float32Array, count: number): number[] {
    const scores = Array.from({ length: this.#values.length / this.#dimensions }, (_, row) => {
      const start = row * this.#dimensions
      return query.reduce((sum, value, i) => sum + value * this.#values[start + i]!, 0)
    })
    return [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, count)
  }
}

const AT_ONCE = 64

/** Embeds what is not in the file from an earlier time; a changed text or model makes another file. */
async function openIndex(runtime: Runtime, passages: readonly Passage[]): Promise<VectorIndex> {
  const texts = passages.map(({ text }) => text)
  await runtime.load('minilm')
  const { servedBy, embedding } = runtime.status('minilm')
  const dimensions = embedding!.dimensions
  const digest = createHash('sha256')
    .update(JSON.stringify([servedBy, embedding, texts]))
    .digest('hex')
  const cache = join(tmpdir(), 'leasehold-search')
  const file = join(cache, `${digest.slice(0, 32)}.f32`)
  const kept = readIfThere(file)
  if (kept?.length === texts.length * dimensions) {
    console.log(`${texts.length} vectors were in ${basename(file)}`)
    return new VectorIndex(kept, dimensions)
  }
  const values = new Float32Array(texts.length * dimensions)
  const startMs = performance.now()
  for (let done = 0; done < texts.length; done += AT_ONCE) {
    const { vectors } = await runtime.embed('minilm', texts.slice(done, done + AT_ONCE), {
      inputType: 'document',
    })
    for (const [i, vector] of vectors.entries()) values.set(vector, (done + i) * dimensions)
    process.stderr.write(`\rembedded ${done + vectors.length} of ${texts.length} passages`)
  }
  process.stderr.write(` in ${((performance.now() - startMs) / 1_000).toFixed(1)} s\n`)
  // Whole or not at all: somebody else may be reading.
  mkdirSync(cache, { recursive: true })
  writeFileSync(`${file}.${process.pid}`, values)
  renameSync(`${file}.${process.pid}`, file)
  return new VectorIndex(values, dimensions)
}

function readIfThere(file: string): Float32Array | undefined {
  try {
    // A copy: what is read shares a larger buffer, in which it begins anywhere.
    return new Float32Array(Uint8Array.from(readFileSync(file)).buffer)
  } catch {
    return undefined
  }
}

await using runtime = await createRuntime({
  models: {
    minilm: { task: 'embed', source: './models/all-MiniLM-L6-v2' },
    'en-hi': { task: 'translate', source: './models/translate-en-hi-tiny' },
  },
})
const passages = readPassages(folder)
const index = await openIndex(runtime, passages)

const firsts: Passage[] = []
for (const question of questions) {
  const { vectors } = await runtime.embed('minilm', question, { inputType: 'query' })
  const near = index.nearest(vectors[0]!, 20).map((row) => passages[row]!)
  const { results, timings } = await runtime.rerank(
    'minilm',
    question,
    near.map(({ text }) => text),
    { topN: 3 },
  )
  console.log(`\n${question}   (${near.length} passages reranked in ${timings.inferMs.toFixed(0)} ms)`)
  for (const { index, score } of results) {
    const { file, text } = near[index]!
    console.log(`  ${score.toFixed(2)} ${file}: ${text.length > 110 ? `${text.slice(0, 110)}…` : text}`)
  }
  firsts.push(near[results[0]!.index]!)
}

// The translator that comes along is for demonstration and knows 800 everyday words. Of prose like this it makes nonsense;
// a real one takes the same steps.
const best = firsts.map(({ text }) => text.split(/(?<=[.!?]) /)[0]!)
const { texts: translated } = await runtime.translate({ source: 'en', target: 'hi' }, best)
console.log('\nInto Hindi, by a model that was made for simpler sentences:')
for (const text of translated) console.log(`  ${text}`)

if (asked.length === 0 && !firsts[0]!.text.startsWith('A key that failed to load is not tried again'))
  throw new Error(`Another passage should have answered "${questions[0]}".`)
