import fc from '../../../test/support/fast-check.ts'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { cutInTwo, cutSentences } from './sentence-cut.ts'

const cut = (text: string, language = 'en', maxLength = 1_000): string[] =>
  [...cutSentences(text, language, maxLength)].map(({ sentence }) => sentence)

describe('a text', () => {
  it('is cut where sentences and lines end', () => {
    expect(cut('One. Two! "Three?" Four\nfive.\r\n\r\nSix')).toEqual([
      'One.',
      'Two!',
      '"Three?"',
      'Four',
      'five.',
      'Six',
    ])
    expect(cut('वह आया। फिर वह गया।', 'hi')).toEqual(['वह आया।', 'फिर वह गया।'])
    expect(cut('See https://example.org/a?b=1. Or v1.2!')).toEqual([
      'See https://example.org/a?b=1.',
      'Or v1.2!',
    ])
    expect(cut('你好。{{ x }}! 再见。')).toEqual(['你好。{{ x }}!', '再见。'])
    expect(cut('Go! <a title="One. Two.">You</a> stay.')).toEqual([
      'Go!',
      '<a title="One. Two.">You</a> stay.',
    ])
    expect(cut('今日は。明日は？', 'ja')).toEqual(['今日は。', '明日は？'])
    expect(cut('مرحبا. كيف حالك؟ بخير.', 'ar')).toEqual(['مرحبا.', 'كيف حالك؟', 'بخير.'])
  })

  it('does not mind a language that nobody knows', () => {
    expect(cut('One. Two.', 'not a language')).toEqual(['One.', 'Two.'])
    expect(cut('One. Two.', 'eng_Latn')).toEqual(['One.', 'Two.'])
  })

  it('makes the rules of a language once, and keeps those of a bounded number of languages', () => {
    const { Segmenter } = Intl
    const made: unknown[] = []
    const spy = vi.spyOn(Intl, 'Segmenter').mockImplementation(function (tag, options) {
      made.push(tag)
      return new Segmenter(tag, options)
    })
    onTestFinished(() => spy.mockRestore())
    const madeFor = (language: string): number => made.filter((tag) => tag === language).length
    cut('One.', 'en-x-first')
    cut('One.', 'en-x-first')
    expect(madeFor('en-x-first')).toBe(1)
    for (let n = 0; n < 500; n++) cut('One.', `en-x-${n}`)
    cut('One.', 'en-x-first')
    expect(madeFor('en-x-first')).toBe(2)
  })

  it('is the same when all is joined again, and no sentence is too long', () => {
    const piece = fc.constantFrom('a', 'word', ' ', '\n', '. ', ', ', '।', '😀', '\u00a0', '?!', '\ud800')
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 80 }),
        fc.integer({ min: 2, max: 40 }),
        (pieces, maxLength) => {
          const text = pieces.join('')
          const parts = [...cutSentences(text, 'en', maxLength)]
          expect(parts.map(({ before, sentence, after }) => before + sentence + after).join('')).toBe(text)
          for (const { sentence } of parts) expect(sentence.length).toBeLessThanOrEqual(maxLength)
        },
      ),
    )
  })

  it('that is long is cut as a short one is', () => {
    const sentences = Array.from(
      { length: 2_000 },
      (_, n) => `This is sentence ${n} of v1.${n}, and it ends here.`,
    )
    expect(cut(sentences.join(' '))).toEqual(sentences)
    expect(cut(sentences.join('\n\n'), 'en', 60)).toEqual(sentences)
  })

  it('of a million characters is cut without a sentence or a space in it', () => {
    let length = 0
    for (const { sentence } of cutSentences('x'.repeat(1_000_000), 'en', 1_000)) length += sentence.length
    expect(length).toBe(1_000_000)
  })

  it('gives out white space before there is too much of it', () => {
    const lengths = [...cutSentences(`One.${'\n'.repeat(10_000)}`, 'en', 1_000)].map(
      ({ before, sentence, after }) => before.length + sentence.length + after.length,
    )
    expect(Math.max(...lengths)).toBeLessThan(100)
  })

  it('without an end for a long while is cut between characters alone', () => {
    for (const start of ['', 'x']) {
      const sentences = cut(start + '𐐷'.repeat(10_000))
      expect(sentences.join('')).toBe(start + '𐐷'.repeat(10_000))
      expect(sentences.filter((sentence) => /^[\udc00-\udfff]/.test(sentence))).toEqual([])
    }
  })
})

describe('a sentence that is too long', () => {
  it('is cut at a clause near its middle, else at a space, else anywhere', () => {
    expect(cutInTwo('the man who came, left the house at once')).toEqual([
      'the man who came, ',
      'left the house at once',
    ])
    expect(cutInTwo('one two three four')).toEqual(['one two ', 'three four'])
    expect(cutInTwo('abcdefgh')).toEqual(['abcd', 'efgh'])
  })

  it('is never cut within a character', () => {
    for (const text of ['😀😀😀', 'a😀b', '😀x', '😀']) {
      const [head, tail] = cutInTwo(text)
      expect(head + tail).toBe(text)
      expect(head).not.toBe('')
      expect(tail).not.toBe('')
      if (text.length > 2) expect(/[\ud800-\udbff]$/.test(head)).toBe(false)
    }
  })
})
