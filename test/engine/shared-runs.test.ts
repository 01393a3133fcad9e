import { afterEach, describe, expect, it } from 'vitest'
import type { BatchEvent } from '../../src/kernel/runtime-events.ts'
import type { Embeddings, EmbedRunOptions, Model, ModelFactory } from '../../src/registry/model.ts'
import { onnxFactory } from '../../src/worker/onnx-factory.ts'
import { cosine, MODEL_FOLDER, rows, sentences } from './harness.ts'

const open: Model[] = []
async function load(factory: ModelFactory, name: string): Promise<Model> {
  const key = { name, revision: '', dtype: 'int8', device: 'cpu' } as const
  const signal = new AbortController().signal
  const model = await factory({ key, source: MODEL_FOLDER, signal, onProgress: () => {} })
  open.push(model)
  return model
}
afterEach(async () => {
  for (const model of open.splice(0)) await model.close()
})

const embed = (model: Model, texts: readonly string[], options?: EmbedRunOptions): Promise<Embeddings> => {
  if (model.embed === undefined) throw new Error('It cannot embed.')
  return model.embed(texts, options)
}
const long = (seed: number): string[] => sentences(16, seed).map((text, i) => `${i} ${`${text} `.repeat(30)}`)

describe('two residents', () => {
  it('share the runs of the machine: never more at once, and both get on', async () => {
    let most = 0
    const ended: string[] = []
    const factory = onnxFactory({
      limits: { maxRuns: 2, intraOpThreads: 1 },
      onBatch: ({ model }) => {
        most = Math.max(
          most,
          open.reduce((sum, { activeRuns }) => sum + activeRuns, 0),
        )
        ended.push(model)
      },
    })
    const [a, b] = [await load(factory, 'a'), await load(factory, 'b')]
    await Promise.all([embed(a, long(1)), embed(b, long(2))])
    expect(most).toBeLessThanOrEqual(2)
    // Neither waits until the other is done.
    const firstHalf = ended.slice(0, ended.length / 2)
    expect(new Set(firstHalf)).toEqual(new Set(['a', 'b']))
  })

  it('take one run in turns where there is only one', async () => {
    const factory = onnxFactory({ limits: { maxRuns: 1, intraOpThreads: 1 } })
    const [a, b] = [await load(factory, 'a'), await load(factory, 'b')]
    await Promise.all([embed(a, long(1)), embed(b, long(2))])
    await a.close()
    open.shift()
    await expect(embed(b, ['after the other one has gone'])).resolves.toBeDefined()
  })

  it('lose nothing when one of them is killed in mid-run', async () => {
    const factory = onnxFactory({ limits: { maxRuns: 2, intraOpThreads: 1 } })
    const [a, b] = [await load(factory, 'a'), await load(factory, 'b')]
    const lost = embed(a, long(1)).catch((error: unknown) => error)
    while (a.activeRuns === 0) await new Promise((resolve) => setImmediate(resolve))
    await a.kill(new Error('killed'))
    open.shift()
    expect(await lost).toBeInstanceOf(Error)
    await expect(embed(b, long(3))).resolves.toBeDefined()
  })
})

describe('one resident', () => {
  it('computes a text once that many ask for at the same time', async () => {
    const batches: BatchEvent[] = []
    const model = await load(onnxFactory({ onBatch: (event) => batches.push(event) }), 'a')
    const busy = embed(model, long(1))
    const answers = Promise.all(Array.from({ length: 50 }, () => embed(model, ['the same words'])))
    await Promise.all([busy, answers])
    expect(batches.reduce((sum, { texts }) => sum + texts, 0)).toBeLessThan(50)
    const vectors = (await answers).map(({ values }) => [...values])
    for (const vector of vectors) expect(vector).toEqual(vectors[0])
  })

  it('makes one vector of a text of many pieces, nearer to its parts than a cut one is to its end', async () => {
    const model = await load(onnxFactory(), 'a')
    const cats = 'The cat sleeps on the warm sofa and purrs. '.repeat(40)
    const stars = 'A telescope shows the rings of Saturn at night. '.repeat(40)
    const vectorOf = async (text: string, truncate: true | 'chunk'): Promise<Float32Array> => {
      return rows(await embed(model, [text], { truncate }))[0] as Float32Array
    }
    const [cut, whole, end] = [
      await vectorOf(cats + stars, true),
      await vectorOf(cats + stars, 'chunk'),
      await vectorOf('Saturn and its rings', true),
    ]
    expect(cosine(whole, end)).toBeGreaterThan(cosine(cut, end) + 0.1)
    const short = 'Two words'
    expect(cosine(await vectorOf(short, 'chunk'), await vectorOf(short, true))).toBeGreaterThan(0.9999)
  })

  it('goes on with others while a text of a million characters is run in pieces', async () => {
    const model = await load(onnxFactory(), 'a')
    const controller = new AbortController()
    const whole = embed(model, ['several words of no meaning '.repeat(40_000)], {
      truncate: 'chunk',
      signal: controller.signal,
    })
    const left = expect(whole).rejects.toThrow('enough')
    await embed(model, ['a text of somebody else'])
    controller.abort(new Error('enough'))
    await left
  })
})
