// Embeds a few texts and finds the one that is nearest to a question. The first use of the model loads it.
import { createRuntime } from 'leasehold'

await using runtime = await createRuntime({
  models: { minilm: { task: 'embed', source: './models/all-MiniLM-L6-v2' } },
})

const texts = [
  'The invoice is due within thirty days.',
  'Our office is closed on public holidays.',
  'Passwords must have at least twelve characters.',
]
const { vectors, servedBy, timings } = await runtime.embed('minilm', texts)
const {
  vectors: [question],
} = await runtime.embed('minilm', 'When do I have to pay?')

/** The vectors have length 1: their dot product is the cosine of the angle between them. */
const similarity = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + value * b[index]!, 0)

const ranked = texts
  .map((text, index) => ({ text, score: similarity(question!, vectors[index]!) }))
  .toSorted((a, b) => b.score - a.score)

for (const { text, score } of ranked) console.log(score.toFixed(2), text)
console.log(
  `${servedBy}: loaded in ${timings.loadMs.toFixed(0)} ms, ran for ${timings.inferMs.toFixed(1)} ms`,
)

if (ranked[0]?.text !== texts[0]) throw new Error('The invoice should have been nearest.')
