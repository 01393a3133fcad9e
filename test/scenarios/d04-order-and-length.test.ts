import { expect, it } from 'vitest'
import { createRuntime } from '../../src/index.ts'
import { TRANSLATORS } from './real-model.ts'

it('D4 a batch keeps its order, an empty text stays empty, a long text is split into sentences', async () => {
  await using runtime = await createRuntime({ models: { 'en-hi': { source: TRANSLATORS['en-hi'] } } })
  const translate = async (text: string): Promise<string> =>
    (await runtime.translate('en-hi', text)).texts[0] as string
  const sentences = ['They like this train.', 'The neighbour was friendly.', 'He sometimes drives his car.']
  const expected: string[] = []
  for (const sentence of sentences) expected.push(await translate(sentence))

  const mixed = ['', ...sentences.flatMap((sentence, n) => [sentence.repeat(1), n === 1 ? '' : '😀'])]
  const { texts } = await runtime.translate('en-hi', mixed)
  expect(texts).toEqual(['', expected[0], '😀', expected[1], '', expected[2], '😀'])

  // 40 times what the model reads at once.
  const long = Array.from({ length: 900 }, (_, n) => sentences[n % 3]).join(' ')
  const translated = await translate(long)
  expect(translated).toBe(Array.from({ length: 900 }, (_, n) => expected[n % 3]).join(' '))
})

it('D4 a million characters are translated, in bounded pieces', async () => {
  await using runtime = await createRuntime({ models: { 'en-hi': { source: TRANSLATORS['en-hi'] } } })
  const million = 'They like this train. '.repeat(45_455)
  const { texts, tokenCounts, cut } = await runtime.translate('en-hi', million)
  expect(texts[0]?.match(/।/g)).toHaveLength(45_455)
  expect(tokenCounts[0]?.source).toBeGreaterThan(45_455 * 5)
  expect(cut).toEqual([])
})
