import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OnnxModel } from '../../src/worker/onnx-model.ts'
import {
  cosine,
  hasFp32,
  hasVnni,
  load,
  mean,
  MODEL_FOLDER,
  NO_FP32,
  REFERENCE,
  rows,
  sentences,
  SHARED_FOLDER,
  stockStates,
} from './harness.ts'

let model: OnnxModel
beforeAll(async () => {
  model = await load()
})
afterAll(() => model.close())

const texts = REFERENCE.map((reference) => reference.text)
const toReference = (vectors: readonly Float32Array[]): number[] =>
  vectors.map((vector, i) => cosine(vector, REFERENCE[i]?.embedding as number[]))

describe('vectors of the default model', () => {
  it('are near those of the original', async () => {
    const cosines = toReference(rows(await model.embed(texts)))
    // The reference has odd texts on purpose (empty, one letter, other scripts), where 8 bits cost the most.
    expect(Math.min(...cosines)).toBeGreaterThan(hasVnni ? 0.995 : 0.99)
    expect(mean(cosines)).toBeGreaterThan(hasVnni ? 0.998 : 0.99)
  })

  it('are the same alone and in any batch', async () => {
    const many = [...texts, ...sentences(100)]
    const together = rows(await model.embed(many))
    for (const [i, text] of many.entries()) {
      const alone = rows(await model.embed([text]))[0] as Float32Array
      expect(cosine(alone, together[i] as Float32Array)).toBeGreaterThan(0.9999)
    }
  })

  it('are the same for a text and for its ids', async () => {
    const ids = REFERENCE.map(({ input_ids }) => input_ids.slice(1, -1))
    const ofIds = rows(await model.embed(ids))
    for (const [i, vector] of rows(await model.embed(texts)).entries())
      expect(cosine(vector, ofIds[i] as Float32Array)).toBeGreaterThan(0.9999)
  })

  it('are those that the stock binding gives', async () => {
    const session = await InferenceSession.create(join(MODEL_FOLDER, 'onnx/model_int8.onnx'), {
      intraOpNumThreads: 1,
    })
    for (const [i, vector] of rows(await model.embed(texts)).entries()) {
      const stock = await stockVector(session, REFERENCE[i]?.input_ids as number[])
      expect(Math.max(...vector.map((value, k) => Math.abs(value - (stock[k] as number))))).toBeLessThan(1e-6)
    }
    await session.release()
  })

  it('have length 1, cut to fewer dimensions too, unless that is not wanted', async () => {
    const lengthOf = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector))
    const [whole] = rows(await model.embed(['a text']))
    const [cut] = rows(await model.embed(['a text'], { dimensions: 64 }))
    const [raw] = rows(await model.embed(['a text'], { normalize: false }))
    expect(lengthOf(whole as Float32Array)).toBeCloseTo(1, 5)
    expect(lengthOf(cut as Float32Array)).toBeCloseTo(1, 5)
    expect(cut).toHaveLength(64)
    expect(cosine(cut as Float32Array, whole?.slice(0, 64) as Float32Array)).toBeCloseTo(1, 5)
    expect(lengthOf(raw as Float32Array)).toBeGreaterThan(1.5)
    expect(cosine(raw as Float32Array, whole as Float32Array)).toBeCloseTo(1, 5)
  })

  it('of a megabyte are those of its beginning', async () => {
    const beginning = 'some words to begin with '.repeat(60)
    const long = await model.embed([beginning + 'and much more '.repeat(75_000), beginning])
    const [whole, cut] = rows(long)
    expect(cosine(whole as Float32Array, cut as Float32Array)).toBeGreaterThan(0.9999)
    expect(long.truncated).toEqual([0, 1])
    expect(long.tokenCounts).toEqual([256, 256])
  })
})

describe('fp32', () => {
  it('gives the vectors of the original', async (context) => {
    if (!hasFp32) return context.skip(NO_FP32)
    const fp32 = await load({ source: SHARED_FOLDER, dtype: 'fp32' })
    try {
      expect(Math.min(...toReference(rows(await fp32.embed(texts))))).toBeGreaterThan(0.99999)
    } finally {
      await fp32.close()
    }
  })

  it('is what the default model keeps to on ordinary sentences', async (context) => {
    if (!hasFp32) return context.skip(NO_FP32)
    const fp32 = await load({ source: SHARED_FOLDER, dtype: 'fp32' })
    try {
      const ordinary = sentences(50)
      const exact = rows(await fp32.embed(ordinary))
      const cosines = rows(await model.embed(ordinary)).map((vector, i) =>
        cosine(vector, exact[i] as Float32Array),
      )
      expect(mean(cosines)).toBeGreaterThan(hasVnni ? 0.999 : 0.99)
      expect(Math.min(...cosines)).toBeGreaterThan(hasVnni ? 0.995 : 0.99)
    } finally {
      await fp32.close()
    }
  })
})

/** Mean pooling and normalisation by hand, on what `session.run` of onnxruntime-node gives. */
async function stockVector(session: InferenceSession, ids: readonly number[]): Promise<number[]> {
  const states = await stockStates(session, ids)
  const size = states.length / ids.length
  const sums = Array.from({ length: size }, (_, k) =>
    mean(ids.map((_, token) => states[token * size + k] as number)),
  )
  const length = Math.hypot(...sums)
  return sums.map((sum) => sum / length)
}
