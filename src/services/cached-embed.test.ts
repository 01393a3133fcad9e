import { describe, expect, it } from 'vitest'
import { InputTooLongError } from '../kernel/errors.ts'
import type { Embeddings, EmbedInput, EmbedRunOptions } from '../registry/model.ts'
import { withCache } from './cached-embed.ts'
import { ResultCache } from './result-cache.ts'

/** An engine that says what it was asked for. The vector of a text is its length. */
class Bench {
  readonly asked: EmbedInput[][] = []
  readonly lookUps: [number, number][] = []
  readonly cache: ResultCache
  weights: string | undefined = 'w1'

  constructor(maxBytes = 1e6) {
    this.cache = new ResultCache(maxBytes)
  }

  embed(inputs: readonly EmbedInput[], options?: EmbedRunOptions): Promise<Embeddings> {
    return withCache(
      (asked) => this.#compute(asked),
      this.cache,
      this.weights,
      (hits, misses) => this.lookUps.push([hits, misses]),
    )(inputs, options)
  }

  async #compute(inputs: readonly EmbedInput[]): Promise<Embeddings> {
    this.asked.push([...inputs])
    const bad = inputs.indexOf('too long')
    if (bad !== -1) throw new InputTooLongError('too long', { field: `input[${bad}]` })
    return {
      values: Float32Array.from(inputs.flatMap((input) => [input.length, 1])),
      dimensions: 2,
      tokenCounts: inputs.map((input) => input.length),
      truncated: inputs.flatMap((input, index) => (input.length > 5 ? [index] : [])),
      timings: { tokeniseMs: 1, queueMs: 2, inferMs: 3 },
    }
  }
}

describe('a text that was embedded before', () => {
  it('is not computed again; the others are, and all rows come in the order of the inputs', async () => {
    const bench = new Bench()
    await bench.embed(['a', 'long text'])
    const answer = await bench.embed(['bb', 'long text', 'a', 'ccc'])
    expect(bench.asked).toEqual([
      ['a', 'long text'],
      ['bb', 'ccc'],
    ])
    expect([...answer.values]).toEqual([2, 1, 9, 1, 1, 1, 3, 1])
    expect(answer).toMatchObject({ dimensions: 2, tokenCounts: [2, 9, 1, 3], truncated: [1] })
    expect(bench.lookUps).toEqual([
      [0, 2],
      [2, 2],
    ])
  })

  it('costs nothing at all where all are known', async () => {
    const bench = new Bench()
    await bench.embed(['a'])
    const { timings } = await bench.embed(['a'])
    expect(timings).toEqual({ tokeniseMs: 0, queueMs: 0, inferMs: 0 })
    expect(bench.asked).toHaveLength(1)
  })

  it('is kept apart by weights, options and kind of input', async () => {
    const bench = new Bench()
    await bench.embed(['1,2'])
    await bench.embed([[1, 2]])
    await bench.embed(['1,2'], { dimensions: 1 })
    await bench.embed(['1,2'], { inputType: 'query' })
    await bench.embed(['1,2'], { normalize: false })
    await bench.embed(['1,2'], { truncate: 'chunk' })
    bench.weights = 'w2'
    await bench.embed(['1,2'])
    expect(bench.asked).toHaveLength(7)
  })

  it('is not changed by what its caller does with the vector', async () => {
    const bench = new Bench()
    ;(await bench.embed(['a'])).values.fill(9)
    ;(await bench.embed(['a'])).values.fill(9)
    expect([...(await bench.embed(['a'])).values]).toEqual([1, 1])
  })
})

it('a model that does not say which weights it has is never looked up', async () => {
  const bench = new Bench()
  bench.weights = undefined
  await bench.embed(['a'])
  await bench.embed(['a'])
  expect(bench.asked).toHaveLength(2)
})

it('an error names the input by its place in the whole call', async () => {
  const bench = new Bench()
  await bench.embed(['a'])
  await expect(bench.embed(['a', 'b', 'too long'])).rejects.toMatchObject({ field: 'input[2]' })
})

it('the cache stays within its bytes, and forgets what was used the longest ago', async () => {
  const bench = new Bench(2_000)
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await bench.embed([text])
    await bench.embed(['a'])
    expect(bench.cache.bytes).toBeLessThanOrEqual(2_000)
  }
  bench.asked.length = 0
  await bench.embed(['a', 'b', 'f'])
  expect(bench.asked).toEqual([['b']])
})
