import { describe, expect, it } from 'vitest'
import { beginnings, readCutRule, type CutRule } from './text-beginnings.ts'

const BERT: CutRule = { splitsAtSpaces: true, longestWord: 100 }
const WHOLE_ONLY: CutRule = { splitsAtSpaces: false, longestWord: undefined }

const texts = (text: string, rule: CutRule, firstLength: number): string[] =>
  [...beginnings(text, rule, firstLength)].map((beginning) => beginning.text)

describe('beginnings', () => {
  it('of a short text are the text', () => {
    expect([...beginnings('some words', BERT, 10)]).toEqual([
      { text: 'some words', isWhole: true, doubtfulTokens: 0 },
    ])
  })

  it('end where a word ends and grow until they are the whole', () => {
    const text = 'alpha beta gamma delta epsilon zeta eta theta'
    expect(texts(text, BERT, 8)).toEqual(['alpha', 'alpha beta gamma delta epsilon', text])
  })

  it('keep a run of white space together with what follows it', () => {
    expect(texts('aaaaaa   bbbbbb', BERT, 9)[0]).toBe('aaaaaa')
  })

  it('end in the middle of a word only where that spoils a known number of tokens', () => {
    const [first] = [...beginnings('x'.repeat(50), BERT, 10)]
    expect(first).toEqual({ text: 'x'.repeat(10), isWhole: false, doubtfulTokens: 108 })
    expect(texts('x'.repeat(50), WHOLE_ONLY, 10)).toEqual(['x'.repeat(50)])
  })
})

describe('the rule of a tokenizer', () => {
  it.each([
    [
      'BERT',
      {
        model: { type: 'WordPiece', max_input_chars_per_word: 90 },
        pre_tokenizer: { type: 'BertPreTokenizer' },
      },
      { splitsAtSpaces: true, longestWord: 90 },
    ],
    [
      'byte-level BPE',
      { model: { type: 'BPE' }, pre_tokenizer: { type: 'ByteLevel' } },
      { splitsAtSpaces: true, longestWord: undefined },
    ],
    [
      'a sequence',
      {
        model: { type: 'BPE' },
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [{ type: 'Digits' }, { type: 'Metaspace', split: true }],
        },
      },
      { splitsAtSpaces: true, longestWord: undefined },
    ],
    [
      'one that joins words',
      { model: { type: 'Unigram' }, pre_tokenizer: { type: 'Metaspace', split: false } },
      WHOLE_ONLY,
    ],
    ['one without pre-tokenizer', { model: { type: 'Unigram' }, pre_tokenizer: null }, WHOLE_ONLY],
  ])('of %s', (_, tokenizer, expected) => {
    expect(readCutRule(tokenizer)).toEqual(expected)
  })
})
