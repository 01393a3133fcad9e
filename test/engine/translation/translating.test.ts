import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRuntime, type Runtime } from '../../../src/index.ts'
import { fixture, referenceOf, tinyModel } from './harness.ts'

interface Expected {
  source: string
  q8: string
}

let runtime: Runtime
beforeAll(async () => {
  runtime = await createRuntime({
    models: {
      'en-hi': { source: tinyModel('en-hi'), group: 'hindi' },
      'hi-en': { source: tinyModel('hi-en'), group: 'hindi' },
      marian: { source: fixture('marian') },
      nllb: { source: fixture('nllb') },
    },
  })
})
afterAll(() => runtime.close())

describe.each(['en-hi', 'hi-en'])('the bundled model %s', (direction) => {
  const reference = referenceOf<Expected>(tinyModel(direction))
  const sources = reference.map(({ source }) => source)
  const expected = reference.map(({ q8 }) => q8)

  it('writes what another library writes with the same files', async () => {
    const { texts, cut } = await runtime.translate(direction, sources)
    // Other CPUs round differently, and a word may change with the last bit: a few of the 40 may differ there.
    const same = texts.filter((text, index) => text === expected[index])
    expect(same.length).toBeGreaterThanOrEqual(37)
    expect(cut.length).toBeLessThanOrEqual(1)
  })

  it('writes the same alone and in any company', async () => {
    const { texts } = await runtime.translate(direction, sources)
    for (const [index, source] of sources.entries()) {
      expect((await runtime.translate(direction, source)).texts).toEqual([texts[index]])
    }
  })
})

describe('a text', () => {
  const translate = async (text: string): Promise<string> =>
    (await runtime.translate({ source: 'en', target: 'hi' }, text)).texts[0] as string

  it('keeps its lines and its white space, and its order', async () => {
    const [one, two] = [
      await translate('They like this train.'),
      await translate('The neighbour was friendly.'),
    ]
    expect(await translate('They like this train. The neighbour was friendly.')).toBe(`${one} ${two}`)
    expect(await translate('  They like this train.\r\n\r\n\tThe neighbour was friendly.\n')).toBe(
      `  ${one}\r\n\r\n\t${two}\n`,
    )
  })

  it('that has no words comes back as it is, without a run', async () => {
    const texts = ['', '   ', '!?…', '😀😀 👍🏽', '12:30', '{name}', '\n\n', '<br/>']
    const translated = await runtime.translate('en-hi', texts)
    expect(translated.texts).toEqual(texts)
    expect(translated.tokenCounts).toEqual(texts.map(() => ({ source: 0, target: 0 })))
  })

  it('keeps placeholders, tags, addresses, pictures and numbers', async () => {
    const kept = [
      '{name}',
      '%s',
      '{{count}}',
      '<b>',
      '</b>',
      'https://example.org/a?b=1',
      '😀',
      '4,711',
      '%1$d',
    ]
    for (const part of kept) {
      const translated = await translate(`Please stop the car near ${part} the temple.`)
      expect(translated).toContain(part)
      expect(translated.split(part)).toHaveLength(2)
    }
  })

  it('of mixed scripts and directions comes through', async () => {
    const { texts } = await runtime.translate('en-hi', [
      'Hello مرحبا שלום 你好 नमस्ते',
      '\u202eabc\u0000\ud800 x',
    ])
    expect(texts.every((text) => text !== '')).toBe(true)
  })

  it('longer than the model reads is cut up, and nothing of it is lost', async () => {
    const { texts, tokenCounts } = await runtime.translate(
      'en-hi',
      `${'the old neighbour likes this new train and '.repeat(60)}12 cars.`,
    )
    expect(tokenCounts[0]?.source).toBeGreaterThan(500)
    expect(texts[0]).toContain('12')
  })
})

describe('a model of several languages', () => {
  it('is told which, and says so when it does not know one', async () => {
    const { texts } = await runtime.translate('nllb', 'hello', { source: 'en', target: 'hi' })
    expect(texts[0]).not.toBe('')
    expect((await runtime.translate({ source: 'eng_Latn', target: 'zh-TW' }, 'hello')).model).toBe('nllb')
    await expect(runtime.translate('nllb', 'hello', { source: 'en' })).rejects.toMatchObject({
      field: 'target',
    })
    await expect(runtime.translate('nllb', 'hello', { source: 'fr', target: 'hi' })).rejects.toThrow(
      /fr into hi/,
    )
  })

  it('writes each language by itself', async () => {
    const into = async (target: string): Promise<string | undefined> =>
      (await runtime.translate('nllb', 'the quick brown fox', { source: 'en', target })).texts[0]
    expect(await into('hi')).not.toBe(await into('zh'))
  })

  it('says of a decoder that never ends that it was stopped', async () => {
    const { cut, texts } = await runtime.translate('marian', ['no', 'hello'])
    expect(cut).toEqual([0])
    expect(texts).toHaveLength(2)
  })
})

describe('a pair of languages', () => {
  it('that nobody serves is refused with those that are', async () => {
    const refused = runtime.translate({ source: 'fr', target: 'hi' }, 'bonjour')
    await expect(refused).rejects.toThrow(/No model translates fr into hi\. There is: en into hi, hi into en/)
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'source' })
  })

  it.each([
    ['texts', []],
    ['texts', 7 as never],
    ['texts[1]', ['a', null as never]],
  ])('with %s wrong is refused', async (field, texts) => {
    await expect(runtime.translate('en-hi', texts)).rejects.toMatchObject({ code: 'INVALID_INPUT', field })
  })
})
