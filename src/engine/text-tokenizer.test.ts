import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import fc from '../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { InputTooLongError, InvalidInputError } from '../kernel/errors.ts'
import { readEmbeddingConfig } from './embedding-config.ts'
import { ModelFolder, type JsonObject } from './model-folder.ts'
import { TextTokenizer, type EncodedText, type EncodeOptions } from './text-tokenizer.ts'

const folder = new ModelFolder(join(import.meta.dirname, '../../models/all-MiniLM-L6-v2'))
const config = readEmbeddingConfig(folder)
const tokenizer = new TextTokenizer(folder, config)
const [CLS, SEP] = [101, 102]

const encode = (input: string | number[], options: Partial<EncodeOptions> = {}): EncodedText =>
  tokenizer.encode(input, 3, { inputType: 'unspecified', truncate: true, ...options })
const idsOf = (input: string | number[]): number[] => [...encode(input).ids]

/** What the library makes of the whole text, cut afterwards. */
const wholeTokenizer = new Tokenizer(folder.json('tokenizer.json'), folder.json('tokenizer_config.json'))
function cutAfterwards(text: string): number[] {
  const ids = wholeTokenizer.encode(text, { add_special_tokens: false }).ids as number[]
  return [CLS, ...ids.slice(0, 254), SEP]
}

describe('encode', () => {
  it('gives the ids of the original', () => {
    const reference = JSON.parse(readFileSync(join(folder.path, 'reference.json'), 'utf8')) as {
      items: { text: string; input_ids: number[] }[]
    }
    for (const { text, input_ids } of reference.items) expect(idsOf(text)).toEqual(input_ids)
  })

  it('cuts at the limit of the model, keeping the special tokens', () => {
    const { ids, isTruncated } = encode('word '.repeat(300))
    expect(ids).toHaveLength(256)
    expect([ids[0], ids[255], isTruncated]).toEqual([CLS, SEP, true])
  })

  it('does not call a text cut that just fits', () => {
    expect(encode('word '.repeat(254)).isTruncated).toBe(false)
    expect(encode('word '.repeat(255)).isTruncated).toBe(true)
  })

  it('refuses a long text when told to, and names it', () => {
    expect(() => encode('word '.repeat(255), { truncate: false })).toThrow(InputTooLongError)
    expect(() => encode('word '.repeat(255), { truncate: false })).toThrow(
      /input\[3\] has 257 tokens; the model takes 256/,
    )
    expect(() => encode('word '.repeat(1e6), { truncate: false })).toThrow(/more than 256 tokens/)
    expect(encode('word '.repeat(254), { truncate: false }).ids).toHaveLength(256)
  })

  it('puts special tokens around ids', () => {
    expect(idsOf([7592, 2088])).toEqual(idsOf('hello world'))
    expect(idsOf([])).toEqual([CLS, SEP])
    expect(encode(Array.from({ length: 300 }, () => 2088)).ids).toHaveLength(256)
  })

  it.each([
    [[5, -1], 1],
    [[30_522], 0],
    [[1, 2, 0.5], 2],
    [[Number.NaN], 0],
  ])('refuses ids that the model does not have: %j', (ids, place) => {
    expect(() => encode(ids)).toThrow(InvalidInputError)
    expect(() => encode(ids)).toThrow(new RegExp(`input\\[3\\]\\[${place}\\] .* from 0 to 30521`))
  })

  it('refuses what is neither text nor ids', () => {
    expect(() => encode(7 as never)).toThrow(
      /input\[3\] should be a text or an array of token ids, not number/,
    )
  })

  it('drops NUL and replaces halves of surrogate pairs', () => {
    expect(idsOf('hello\0 world')).toEqual(idsOf('hello world'))
    expect(idsOf('hello \ud800 world')).toEqual(idsOf('hello \ufffd world'))
    expect(idsOf('\udc00'.repeat(50_000))).toEqual([CLS, SEP])
    expect(idsOf('😀 smile')).toEqual(cutAfterwards('😀 smile'))
  })

  it('puts the prompt for the kind of text in front', () => {
    const prompted = new TextTokenizer(folder, {
      ...config,
      prompts: { query: 'search for: ', document: '', unspecified: '' },
    })
    const query = { inputType: 'query', truncate: true } as const
    expect([...prompted.encode('cats', 0, query).ids]).toEqual(idsOf('search for: cats'))
    expect([...prompted.encode([8870], 0, query).ids]).toEqual(idsOf('search for: cats'))
    expect([...prompted.encode('cats', 0, { ...query, inputType: 'document' }).ids]).toEqual(idsOf('cats'))
  })
})

describe('a long text', () => {
  const pieces = fc.constantFrom(
    'word',
    ' ',
    '  ',
    '\n',
    '.',
    '漢',
    'é',
    'e\u0301',
    '[SEP]',
    '\0',
    'Unbelievable',
    '😀',
    'ｗｉｄｅ',
    'ﬁ',
    '한글',
    '\u1fef',
    '\u00ad',
    '€',
    'İ',
  )
  const repeated = fc
    .tuple(pieces, fc.integer({ min: 1, max: 3_000 }))
    .map(([piece, count]) => piece.repeat(count))
  const longText = fc.array(fc.oneof(pieces, repeated), { maxLength: 60 }).map((parts) => parts.join(''))

  it('gives the ids of the whole text, cut', () => {
    fc.assert(
      fc.property(longText, (text) => {
        expect(idsOf(text)).toEqual(cutAfterwards(text))
      }),
      { numRuns: 200 },
    )
  })

  it.each(['a', ' ', '.', '漢', '\0', '😀', 'e\u0301', '한', 'a b ', 'lorem ipsum, '])(
    'of nothing but %j is the same',
    (piece) => {
      const text = piece.repeat(Math.ceil(40_000 / piece.length))
      expect(idsOf(text)).toEqual(cutAfterwards(text))
    },
  )
})

it('a tokenizer of an unknown kind is a failure to load that names the file', () => {
  class Foreign extends ModelFolder {
    override json(): JsonObject {
      return { model: { type: 'Unheard' } }
    }
  }
  expect(() => new TextTokenizer(new Foreign(folder.path), config)).toThrow(
    /tokenizer\.json is not a tokenizer/,
  )
})
