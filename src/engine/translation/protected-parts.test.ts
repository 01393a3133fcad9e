import { describe, expect, it } from 'vitest'
import { hasTags, hasWords, protectedParts, survives } from './protected-parts.ts'

const partsOf = (text: string): string[] =>
  protectedParts(text).map(({ start, end }) => text.slice(start, end))

describe('what must not be translated', () => {
  it.each([
    ['Hello {name}, you have {{ count }} new ${things}.', ['{name}', '{{ count }}', '${things}']],
    ['7%1$dx', ['7', '%1$d']],
    ['%s of %1$d (%(total)s) at %-5.2f or %@', ['%s', '%1$d', '%(total)s', '%-5.2f', '%@']],
    [
      'See https://example.org/a?b=c&d (or write to a.b@example.org).',
      ['https://example.org/a?b=c&d', 'a.b@example.org'],
    ],
    ['A <b class="x">bold</b> word&nbsp;here<br/>', ['<b class="x">', '</b>', '&nbsp;', '<br/>']],
    ['From 12:30 on, 1,000.50 cost १२३ and 3-4', ['12:30', '1,000.50', '१२३', '3-4']],
    ['Good 👍🏽 job 👩‍👩‍👧 in 🇮🇳!', ['👍🏽', '👩‍👩‍👧', '🇮🇳']],
  ])('is found in %j', (text, parts) => {
    expect(partsOf(text)).toEqual(parts)
  })

  it('is not found in plain words, signs and comparisons', () => {
    for (const text of ['Nothing at all.', 'a < b and b > c', 'I am 100% sure', 'R&D; C++ @home', '{}']) {
      expect(partsOf(text.replaceAll(/\d+/g, ''))).toEqual([])
    }
  })

  it('takes no longer with long texts that come near it', () => {
    for (const near of ['a', '<a', '{a', '%', '&a', 'http://', '@', '1,', 'a@b.']) {
      expect(hasTags(near.repeat(20_000))).toBe(false)
      protectedParts(near.repeat(2_000))
    }
  })
})

describe('words', () => {
  it('are what a model has to do with', () => {
    expect(hasWords('a')).toBe(true)
    expect(hasWords('नमस्ते 😀')).toBe(true)
    for (const text of [
      '',
      ' ',
      '!?…',
      '12:30',
      '😀 👍🏽',
      '{name}',
      '<br>',
      'https://example.org',
      '१२३',
      '♥',
    ])
      expect(hasWords(text)).toBe(false)
  })
})

describe('a translation', () => {
  it('has everything that must be in it, in any order and any script of digits', () => {
    expect(survives('{a} has 14 of {b}', '{b} में से १४ {a}')).toBe(true)
    expect(survives('1,000.50 at 12:30', '12.30 Uhr: 1.000,50')).toBe(true)
    expect(survives('no number', 'keine Zahl')).toBe(true)
    expect(survives('𝟏𝟐 🇮🇳', '12 🇮🇳')).toBe(true)
    // Digits of several kinds that follow one another.
    expect(survives('𝟡', '9')).toBe(true)
  })

  it('has it as often, and nothing beyond it', () => {
    expect(survives('{a} and {a}', '{a}')).toBe(false)
    expect(survives('14', '41')).toBe(false)
    expect(survives('some', '{some}')).toBe(false)
    expect(survives('two', '2 2')).toBe(false)
    expect(survives('😀', '')).toBe(false)
  })
})
