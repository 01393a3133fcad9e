import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { InputTooLongError, InvalidInputError, ModelLoadError } from '../../src/kernel/errors.ts'
import type { RerankScores } from '../../src/registry/model.ts'
import type { OnnxModel } from '../../src/worker/onnx-model.ts'
import {
  cosine,
  hasRerank,
  load,
  mean,
  MODEL_FOLDER,
  NO_RERANK,
  REFERENCE,
  RERANK_FOLDER,
  sentences,
  stockStates,
} from './harness.ts'
import {
  TINY_MAX_TOKENS,
  tinyCrossEncoder,
  type TinyCrossEncoder,
  type TinyOptions,
} from './tiny-cross-encoder.ts'

const DOCUMENTS = [
  'The office is closed on public holidays.',
  'An invoice must be paid within thirty days of its date.',
  'A lease ends when its holder releases it.',
]

describe('an embedding model', () => {
  let model: OnnxModel
  beforeAll(async () => {
    model = await load()
  })
  afterAll(() => model.close())

  it('embeds and reranks', async () => {
    expect(model.tasks).toEqual(['embed', 'rerank'])
    const { scores, queryTokens, tokenCounts } = await model.rerank('when do I have to pay?', DOCUMENTS)
    expect([...scores.keys()].toSorted((a, b) => scores[b]! - scores[a]!)[0]).toBe(1)
    expect(queryTokens).toBe(9)
    expect(tokenCounts).toHaveLength(3)
    for (const score of scores) expect(score > 0 && score < 1).toBe(true)
  })

  it('gives the mean of the best cosines between states of the stock binding', async () => {
    const [query, ...documents] = REFERENCE.slice(0, 6)
    const session = await InferenceSession.create(join(MODEL_FOLDER, 'onnx/model_int8.onnx'))
    const states = await Promise.all(
      [query!, ...documents].map(({ input_ids }) => statesOf(session, input_ids)),
    )
    const { scores } = await model.rerank(
      query!.text,
      documents.map(({ text }) => text),
    )
    for (const [i, score] of scores.entries()) {
      const best = states[0]!.map((token) => Math.max(...states[i + 1]!.map((other) => cosine(token, other))))
      expect(score).toBeCloseTo(mean(best), 5)
    }
    await session.release()
  })

  it('gives the same scores alone, in any company and for callers at the same time', async () => {
    const documents = REFERENCE.map(({ text }) => text)
    const together = await model.rerank('a question about money', documents)
    const [again, ...alone] = await Promise.all([
      model.rerank('a question about money', documents),
      ...documents.map((document) => model.rerank('a question about money', [document])),
      model.embed(documents),
    ])
    expect(again.scores).toEqual(together.scores)
    for (const [i, score] of together.scores.entries())
      expect((alone[i] as RerankScores).scores[0]).toBeCloseTo(score, 6)
  })

  it('keeps to the limits of tokens and says which documents were cut', async () => {
    const words = 'word '.repeat(300)
    const { tokenCounts, truncated } = await model.rerank('a query', [words, 'short'])
    expect([tokenCounts, truncated]).toEqual([[256, 3], [0]])
    const limited = await model.rerank('a query', [words, 'two words'], { maxTokensPerDoc: 1 })
    expect([limited.tokenCounts, limited.truncated]).toEqual([
      [3, 3],
      [0, 1],
    ])
    const error = await model.rerank(words, ['a document']).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InputTooLongError)
    expect(error).toMatchObject({ field: 'query' })
  })

  it('embeds and reranks at the same time, and neither waits for the other', async () => {
    const ended: string[] = []
    const [many, few] = [sentences(400), sentences(8, 2)]
    const first = model.embed(many).then(() => ended.push('400 embedded'))
    await Promise.all([first, model.rerank('a query', few).then(() => ended.push('8 reranked'))])
    const second = model.rerank('a query', many).then(() => ended.push('400 reranked'))
    await Promise.all([second, model.embed(few).then(() => ended.push('8 embedded'))])
    expect(ended).toEqual(['8 reranked', '400 embedded', '8 embedded', '400 reranked'])
  })

  it('takes what has no tokens at all', async () => {
    const { scores } = await model.rerank('\u0000', ['', '\u0000', 'text'])
    for (const score of scores) expect(Number.isFinite(score)).toBe(true)
  })
})

describe('a cross-encoder', () => {
  const QUERY = 'the cat sat'
  const TEXTS = ['a dog flew over the moon', 'cat', 'lease queue batch text query', '']

  async function loadTiny(options: TinyOptions = {}): Promise<{ tiny: TinyCrossEncoder; model: OnnxModel }> {
    const tiny = tinyCrossEncoder(options)
    onTestFinished(() => tiny[Symbol.dispose]())
    const model = await load({ source: tiny.path, dtype: 'fp32' })
    onTestFinished(() => model.close())
    return { tiny, model }
  }

  const BERT = { start: [2], middle: [3], end: [3] }
  const ROBERTA = { start: [2], middle: [3, 3], end: [3] }

  function expected(tiny: TinyCrossEncoder, text: string, { start, middle, end }: typeof BERT): number {
    const first = [...start, ...tiny.idsOf(QUERY), ...middle]
    const second = [...(text === '' ? [] : tiny.idsOf(text)), ...end]
    return tiny.logitOf([...first, ...second], [...first.map(() => 0), ...second.map(() => 1)])
  }

  it.each([
    ['BERT', {}, BERT],
    ['RoBERTa', { style: 'roberta' }, ROBERTA],
  ] as const)('of the kind of %s gives its logits, in any batch', async (_, options, special) => {
    const { tiny, model } = await loadTiny(options)
    expect(model.tasks).toEqual(['rerank'])
    const many = Array.from({ length: 40 }, (_, i) => TEXTS[i % TEXTS.length] as string)
    const { scores, tokenCounts, queryTokens } = await model.rerank(QUERY, many, { rawScores: true })
    for (const [i, text] of many.entries()) expect(scores[i]).toBeCloseTo(expected(tiny, text, special), 5)
    expect([tokenCounts[1], queryTokens]).toEqual([special === BERT ? 7 : 8, 0])
  })

  it('gives scores between 0 and 1 unless asked for what it computed', async () => {
    const { model } = await loadTiny()
    const { scores: raw } = await model.rerank(QUERY, TEXTS, { rawScores: true })
    const { scores } = await model.rerank(QUERY, TEXTS)
    for (const [i, logit] of raw.entries()) expect(scores[i]).toBeCloseTo(1 / (1 + Math.exp(-logit)), 6)
  })

  it('whose scores depend on the batch runs pair by pair', async () => {
    const { model } = await loadTiny({ isDynamic: true })
    const { scores } = await model.rerank(QUERY, TEXTS, { rawScores: true })
    for (const [i, text] of TEXTS.entries()) {
      const { scores: alone } = await model.rerank(QUERY, [text], { rawScores: true })
      expect(alone[0]).toBe(scores[i])
    }
  })

  it('cuts documents alone, and refuses a query that leaves them no room', async () => {
    const { tiny, model } = await loadTiny()
    const { scores, tokenCounts, truncated } = await model.rerank(QUERY, ['moon '.repeat(100), 'moon'], {
      rawScores: true,
    })
    expect([tokenCounts[0], truncated]).toEqual([TINY_MAX_TOKENS, [0]])
    const kept = 'moon '.repeat(TINY_MAX_TOKENS - 6).trim()
    expect(scores[0]).toBeCloseTo(expected(tiny, kept, BERT), 5)
    const error = await model.rerank('cat '.repeat(100), TEXTS).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InputTooLongError)
    expect(error).toMatchObject({ field: 'query' })
  })

  it('makes no vectors, and says so', async () => {
    const { model } = await loadTiny()
    await expect(model.embed(['text'])).rejects.toThrow(InvalidInputError)
    await expect(model.embed(['text'])).rejects.toThrow('cannot embed; it can rerank')
  })

  it('with several labels is not loaded', async () => {
    for (const options of [{ labels: 3 }, { config: { id2label: { 0: 'no', 1: 'yes' } } }]) {
      using tiny = tinyCrossEncoder(options)
      const loading = load({ source: tiny.path, dtype: 'fp32' })
      await expect(loading).rejects.toThrow(ModelLoadError)
      await expect(loading).rejects.toThrow(/labels/)
    }
  })

  it('of documentation gives the order of the original', async (context) => {
    if (!hasRerank) return context.skip(NO_RERANK)
    const { items } = JSON.parse(readFileSync(join(RERANK_FOLDER, 'reference.json'), 'utf8')) as {
      items: { query: string; passages: string[]; logits: number[] }[]
    }
    const model = await load({ source: RERANK_FOLDER })
    onTestFinished(() => model.close())
    const differences: number[] = []
    for (const { query, passages, logits } of items) {
      const { scores } = await model.rerank(query, passages, { rawScores: true })
      expect(scores.indexOf(Math.max(...scores))).toBe(logits.indexOf(Math.max(...logits)))
      differences.push(...logits.map((logit, i) => Math.abs(logit - scores[i]!)))
    }
    // What 8 bits cost, as its README says: 0.09 in the mean, 0.33 at most.
    expect(mean(differences)).toBeLessThan(0.12)
    expect(Math.max(...differences)).toBeLessThan(0.4)
  })
})

/** One state for each token, of the stock binding. */
async function statesOf(session: InferenceSession, ids: readonly number[]): Promise<Float32Array[]> {
  const states = await stockStates(session, ids)
  const size = states.length / ids.length
  return ids.map((_, token) => states.subarray(token * size, (token + 1) * size))
}
