import { expect, it } from 'vitest'
import { createRuntime } from '../../../src/index.ts'
import { REAL_MODEL, sentences } from '../../scenarios/real-model.ts'
import { Random } from '../../scenarios/random.ts'
import { BatchStage, textOf, vectorOf } from './batch-stage.ts'
import { replay } from './replay.ts'

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const order = items.map((item) => ({ item, at: random.next() }))
  return order.sort((a, b) => a.at - b.at).map(({ item }) => item)
}

replay(
  'F21 a text alone and inside any batch: the same vector, in input order (ollama 6262)',
  async (random) => {
    const s = new BatchStage({ maxRuns: 1 + random.below(3), maxPaddedTokens: 64 + random.below(448) })
    const texts = Array.from({ length: 40 }, (_, n) => textOf(n, 5 + random.below(60)))
    const requests = Array.from({ length: 6 }, () => shuffled(random, texts).slice(0, 1 + random.below(40)))
    const ids: number[] = []
    for (const inputs of requests) {
      ids.push(s.request(inputs))
      if (random.chance(0.5)) await s.clock.advanceAsync(random.below(20))
    }
    await s.untilIdle()
    for (const [index, inputs] of requests.entries())
      expect(s.vectorsOf(ids[index] as number)).toEqual(inputs.map((text) => vectorOf(text)))
    // Texts of several requests did share runs, in another order than theirs.
    expect(Math.max(...s.runs.map((run) => run.length))).toBeGreaterThan(1)
  },
)

it('F21 a real model: to the last bit', async () => {
  await using runtime = await createRuntime({ models: { m: { source: REAL_MODEL } } })
  const random = new Random(21)
  const texts = sentences(24)
  const alone = new Map<string, Float32Array>()
  for (const text of texts) alone.set(text, (await runtime.embed('m', text)).vectors[0] as Float32Array)
  const orders = Array.from({ length: 8 }, () => shuffled(random, texts).slice(0, 4 + random.below(20)))
  const answers = await Promise.all(orders.map((order) => runtime.embed('m', order)))
  for (const [index, order] of orders.entries())
    expect(answers[index]?.vectors).toEqual(order.map((text) => alone.get(text)))
})
