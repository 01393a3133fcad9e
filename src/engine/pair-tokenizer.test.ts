import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TINY_MAX_TOKENS, tinyCrossEncoder, type TinyOptions } from '../../test/engine/tiny-cross-encoder.ts'
import { InputTooLongError, ModelLoadError } from '../kernel/errors.ts'
import { readCrossEncoderConfig } from './cross-encoder-config.ts'
import { ModelFolder } from './model-folder.ts'
import { PairTokenizer, type EncodedPair } from './pair-tokenizer.ts'

function folderOf(options: TinyOptions = {}): ModelFolder {
  const model = tinyCrossEncoder(options)
  onTestFinished(() => model[Symbol.dispose]())
  return new ModelFolder(model.path)
}

function tokenizerOf(options: TinyOptions = {}): PairTokenizer {
  const folder = folderOf(options)
  return new PairTokenizer(folder, readCrossEncoderConfig(folder))
}

const encode = (tokenizer: PairTokenizer, query: string, document: string, limit = Infinity): EncodedPair =>
  tokenizer.encodePair(tokenizer.encodeQuery(query), document, limit)

describe('a pair', () => {
  it('has the ids and types that the library of its tokenizer gives', () => {
    const bundled = new ModelFolder(join(import.meta.dirname, '../../models/all-MiniLM-L6-v2'))
    const library = new Tokenizer(bundled.json('tokenizer.json'), bundled.json('tokenizer_config.json'))
    const tokenizer = new PairTokenizer(bundled, { maxTokens: 256, hasTokenTypes: true })
    for (const [query, document] of [
      ['what is a lease', 'A lease is the right to use a resident.'],
      ['x', ''],
      ['naïve café?', 'Mixed: 中文, emoji 🙂 and [SEP] in the middle'],
    ] as const) {
      const expected = library.encode(query, { text_pair: document, return_token_type_ids: true })
      const { ids, secondFrom, isTruncated } = encode(tokenizer, query, document)
      // The library takes an empty second text for none, and then leaves its separator out.
      expect([...ids]).toEqual(document === '' ? [...(expected.ids as number[]), 102] : expected.ids)
      if (document !== '') expect(secondFrom).toBe(expected.token_type_ids?.indexOf(1))
      expect(isTruncated).toBe(false)
    }
  })

  it('is put together as RoBERTa does it, without types', () => {
    const { ids, secondFrom } = encode(tokenizerOf({ style: 'roberta' }), 'the cat', 'sat')
    const [start, end, the, cat, sat] = [2, 3, 4, 6, 8]
    expect([...ids]).toEqual([start, the, cat, end, end, sat, end])
    expect(secondFrom).toBeUndefined()
  })

  it('has no types where the model knows one only, whatever the tokenizer says', () => {
    expect(encode(tokenizerOf({ config: { type_vocab_size: 1 } }), 'cat', 'dog').secondFrom).toBeUndefined()
    expect(encode(tokenizerOf(), 'cat', 'dog').secondFrom).toBe(3)
  })
})

describe('an overlong pair', () => {
  const [CLS, SEP] = [2, 3]

  it('loses the end of the document, and nothing else', () => {
    const pair = encode(tokenizerOf(), 'the cat', 'moon '.repeat(100))
    expect(pair.ids).toHaveLength(TINY_MAX_TOKENS)
    expect([...pair.ids.slice(0, 4)]).toEqual([CLS, 4, 6, SEP])
    expect(pair.ids.at(-1)).toBe(SEP)
    expect(pair.isTruncated).toBe(true)
    const room = TINY_MAX_TOKENS - 5
    expect(encode(tokenizerOf(), 'the cat', 'moon '.repeat(room)).isTruncated).toBe(false)
    expect(encode(tokenizerOf(), 'the cat', 'moon '.repeat(room + 1)).isTruncated).toBe(true)
  })

  it('keeps to the limit of the caller where that is lower', () => {
    const pair = encode(tokenizerOf(), 'the cat', 'moon moon moon', 2)
    expect([...pair.ids]).toEqual([CLS, 4, 6, SEP, 13, 13, SEP])
    expect(pair.isTruncated).toBe(true)
    expect(encode(tokenizerOf(), 'the cat', 'moon moon', 2).isTruncated).toBe(false)
  })

  it('is refused when the query alone fills it', () => {
    const tokenizer = tokenizerOf()
    const room = TINY_MAX_TOKENS - 3
    expect(tokenizer.encodeQuery('cat '.repeat(room - 1)).room).toBe(1)
    for (const [words, said] of [
      [room, `query has ${room} tokens and leaves no room`],
      [100_000, `query has more than ${room} tokens`],
    ] as const) {
      const encodeQuery = (): unknown => tokenizer.encodeQuery('cat '.repeat(words))
      expect(encodeQuery).toThrow(InputTooLongError)
      expect(encodeQuery).toThrow(said)
      expect(encodeQuery).toThrow(expect.objectContaining({ field: 'query' }) as Error)
    }
  })

  it('costs no more for a megabyte than for what is kept of it', () => {
    const pair = encode(tokenizerOf(), 'cat', 'the moon '.repeat(120_000))
    expect([...pair.ids.slice(3, 7)]).toEqual([4, 13, 4, 13])
    expect(pair.ids).toHaveLength(TINY_MAX_TOKENS)
  })
})

describe('a folder', () => {
  it('without a template for pairs is refused', () => {
    const folder = folderOf()
    const path = join(folder.path, 'tokenizer.json')
    const tokenizer = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    writeFileSync(path, JSON.stringify({ ...tokenizer, post_processor: { type: 'ByteLevel' } }))
    const open = (): PairTokenizer => new PairTokenizer(folder, { maxTokens: 24, hasTokenTypes: true })
    expect(open).toThrow(ModelLoadError)
    expect(open).toThrow('does not say what comes between two texts')
  })
})
