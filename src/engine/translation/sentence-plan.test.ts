import { describe, expect, it } from 'vitest'
import { SentencePlan } from './sentence-plan.ts'
import { splitWhiteSpace } from './sentence-cut.ts'

/** What comes out, and what went through the model. */
function translate(sentence: string, model: (text: string) => string): { out: string; asked: string[] } {
  const plan = new SentencePlan(splitWhiteSpace(sentence))
  const asked: string[] = []
  do {
    for (const part of plan.open) {
      asked.push(part.text)
      if (asked.length > 100) throw new Error('It comes to no end.')
      plan.take(part, model(part.text))
    }
  } while (!plan.review())
  return { out: plan.translation, asked }
}

const shout = (text: string): string => text.toUpperCase()
/** Knows words only, and ends everything with a full stop. */
const narrow = (text: string): string => `${text.replaceAll(/[^\p{L} ]/gu, '').toUpperCase()}.`

describe('a sentence', () => {
  it('goes through the model as a whole, without the white space around it', () => {
    expect(translate('  all is well.\n', shout)).toEqual({ out: '  ALL IS WELL.\n', asked: ['all is well.'] })
  })

  it('goes through once when a good model keeps what must be kept', () => {
    const copying = (text: string): string => `translated: ${text}`
    expect(translate('{name} has 3 mails.', copying)).toEqual({
      out: 'translated: {name} has 3 mails.',
      asked: ['{name} has 3 mails.'],
    })
  })

  it('is translated around what got lost', () => {
    expect(translate('hello {name}, you have 3 new mails!', narrow)).toEqual({
      out: 'HELLO {name}, YOU HAVE 3 NEW MAILS.',
      asked: ['hello {name}, you have 3 new mails!', 'hello', 'you have', 'new mails!'],
    })
    expect(translate('see https://example.org now 😀', narrow).out).toBe('SEE https://example.org NOW 😀')
  })

  it('goes through in pieces once, whatever a model adds to them', () => {
    const inventing = (text: string): string => `${text} 7`
    expect(translate('hello {name}', inventing)).toEqual({
      out: 'hello 7 {name}',
      asked: ['hello {name}', 'hello'],
    })
  })

  it('is translated around tags at once', () => {
    expect(translate('a <b>bold</b> word', shout)).toEqual({
      out: 'A <b>BOLD</b> WORD',
      asked: ['a', 'bold', 'word'],
    })
  })

  it('without words never goes through the model', () => {
    for (const text of ['😀😀', ' 12:30 ', '{name}', '!!!', '<br/>', '']) {
      expect(translate(text, shout)).toEqual({ out: text, asked: [] })
    }
  })

  it('stays as it was where the model writes nothing', () => {
    expect(translate('hm', () => '').out).toBe('hm')
  })

  it('with too many tokens is cut until it fits', () => {
    const plan = new SentencePlan(splitWhiteSpace('one two, three four five, six seven.'))
    const asked: string[] = []
    for (let part = plan.open[0]; part !== undefined; part = plan.open[0]) {
      if (part.text.length > 12) plan.cut(part)
      else {
        asked.push(part.text)
        plan.take(part, narrow(part.text))
      }
    }
    expect(plan.review()).toBe(true)
    expect(asked).toEqual(['one two', 'three', 'four five', 'six seven.'])
    expect(plan.translation).toBe('ONE TWO, THREE FOUR FIVE, SIX SEVEN.')
  })
})
