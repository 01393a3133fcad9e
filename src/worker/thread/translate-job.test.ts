import fc from '../../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import type { RunItem } from '../../engine/run-item.ts'
import type { SentenceDone, TranslateReply, TranslateRequest } from '../protocol.ts'
import { TranslateJob, type Translator } from './translate-job.ts'

/** Ids are the characters; the "translation" is in capitals and loses digits. */
const CAPITALS: Translator = {
  tokenizer: {
    encode: (text) =>
      text.length > 40 ? undefined : { ids: Int32Array.from(text, (char) => char.codePointAt(0) as number) },
    decode: (ids) =>
      String.fromCodePoint(...ids)
        .toUpperCase()
        .replaceAll(/\d/g, ''),
  },
  maxTokens: 40,
  processor: { preprocess: (text) => text, postprocess: (text) => text },
}
const TIMINGS = { tokeniseMs: 0, queueMs: 0, inferMs: 0 }

function jobOf(
  texts: readonly string[],
  readAhead?: number,
  model = CAPITALS,
): { job: TranslateJob; told: SentenceDone[] } {
  const told: SentenceDone[] = []
  const request: TranslateRequest = {
    type: 'translate',
    id: 1,
    texts,
    options: {
      deadlineInMs: Infinity,
      priority: 1,
      tenant: '',
      weight: 1,
      source: 'en',
      target: 'xx',
      readAhead,
    },
  }
  const job = new TranslateJob(request, model, { source: 'en', target: 'xx' }, 0, (sentence) =>
    told.push(sentence),
  )
  return { job, told }
}

/** Encodes all that may be encoded, and answers with the items in the order in which they were given out. */
function encodeAll(job: TranslateJob): RunItem[] {
  const items: RunItem[] = []
  while (!job.isEncoded && !job.isPaused) items.push(...job.encodeNext())
  return items
}

function runAll(job: TranslateJob, isCut = false): TranslateReply {
  for (let next = 0; !job.isEncoded;) {
    for (const { ids } of encodeAll(job)) job.takeRow(next++, { ids: [...ids], isCut })
    if (job.isPaused) job.read(1)
  }
  return job.reply(TIMINGS).message as TranslateReply
}

describe('a request', () => {
  it('is translated sentence by sentence, with all around the sentences', () => {
    const { texts, tokenCounts } = runAll(jobOf(['One two.  Three!\n\nfour', '', ' \n ', '😀']).job)
    expect(texts).toEqual(['ONE TWO.  THREE!\n\nFOUR', '', ' \n ', '😀'])
    expect(tokenCounts.map(({ source, target }) => [source, target])).toEqual([
      [18, 18],
      [0, 0],
      [0, 0],
      [0, 0],
    ])
  })

  it('runs a sentence again in pieces when something got lost of it', () => {
    const { job } = jobOf(['take bus 42 now.', 'plain.'])
    const first = encodeAll(job)
    expect(first).toHaveLength(2)
    expect(job.isEncoded).toBe(true)
    for (const [item, { ids }] of first.entries()) job.takeRow(item, { ids: [...ids], isCut: false })
    expect(job.isEncoded).toBe(false)
    const second = encodeAll(job)
    expect(second.map(({ ids }) => String.fromCodePoint(...ids))).toEqual(['take bus', 'now.'])
    for (const [item, { ids }] of second.entries()) job.takeRow(2 + item, { ids: [...ids], isCut: false })
    expect((job.reply(TIMINGS).message as TranslateReply).texts).toEqual(['TAKE BUS 42 NOW.', 'PLAIN.'])
  })

  it('cuts up what the model cannot read at once', () => {
    const long = 'one two three four five six seven eight nine ten'
    expect(runAll(jobOf([long]).job).texts).toEqual([long.toUpperCase()])
  })

  it('fails where a single character is too much', () => {
    const { job } = jobOf(['ab'], undefined, {
      ...CAPITALS,
      tokenizer: { encode: () => undefined, decode: () => '' },
    })
    expect(() => encodeAll(job)).toThrow(/A single character of texts\[0\]/)
  })

  it('says which texts were cut by the model, and which an item is of', () => {
    const { job } = jobOf(['one!', '😀', 'two! three!'])
    expect(runAll(job, true).cut).toEqual([0, 2])
    expect([0, 1, 2].map((item) => job.fieldOf(item))).toEqual(['texts[0]', 'texts[2]', 'texts[2]'])
  })
})

it('texts that were cut by the model are named in their order, whichever is done first', () => {
  const { job } = jobOf(['one!', 'two!'])
  encodeAll(job)
  for (const item of [1, 0]) job.takeRow(item, { ids: [65], isCut: true })
  expect((job.reply(TIMINGS).message as TranslateReply).cut).toEqual([0, 1])
})

it('a book lets others get in between: only so many of its sentences wait at a time', () => {
  const { job } = jobOf(['a! '.repeat(1_000)])
  const first = encodeAll(job)
  expect(first).toHaveLength(128)
  expect([job.isPaused, job.isEncoded]).toEqual([true, false])
  for (const item of [0, 1, 2]) job.takeRow(item, { ids: [65], isCut: false })
  expect(encodeAll(job)).toHaveLength(3)
})

/** Whatever it reads, it writes two words. */
const USELESS: Translator = {
  ...CAPITALS,
  tokenizer: { ...CAPITALS.tokenizer, decode: () => 'two words.' },
}

it('whatever the text and however bad the model: what must survive does, and so do line ends', () => {
  const kept = ['{name}', '{{ x }}', '%1$d', '42', '1,000.50', '😀', '👍🏽', '<b>', '</b>', '&nbsp;', '१४']
  const apart = ['https://example.org/a?b=1', 'a@b.org', '%s']
  const others = [
    'word',
    'Name',
    ' ',
    '. ',
    '! ',
    ', ',
    '\n',
    '\r\n\n',
    'नमस्ते',
    '你好。',
    'مرحبا',
    '\u0000',
    '\ud800',
  ]
  const piece = fc.oneof(
    fc.constantFrom(...kept, ...others),
    fc.constantFrom(...apart).map((part) => ` ${part} `),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('')
      const [translated = ''] = runAll(jobOf([text], undefined, USELESS).job).texts
      let from = 0
      for (const part of pieces.map((part) => part.trim())) {
        if (!kept.includes(part) && !apart.includes(part)) continue
        expect(translated.indexOf(part, from), part).toBeGreaterThanOrEqual(from)
        from = translated.indexOf(part, from) + part.length
      }
      expect(translated.match(/[\r\n]+/g)).toEqual(text.match(/[\r\n]+/g))
    }),
    { numRuns: 1_000 },
  )
})

describe('a request that reads sentences', () => {
  it('is told of each in order, whatever the order in which they are done', () => {
    const { job, told } = jobOf(['one! two! three!'], 10)
    const items = encodeAll(job)
    for (const item of [2, 0, 1]) job.takeRow(item, { ids: [...(items[item] as RunItem).ids], isCut: false })
    expect(told).toEqual([
      { type: 'sentence', id: 1, text: 0, sentence: 0, translation: 'ONE! ' },
      { type: 'sentence', id: 1, text: 0, sentence: 1, translation: 'TWO! ' },
      { type: 'sentence', id: 1, text: 0, sentence: 2, translation: 'THREE!' },
    ])
  })

  it('is encoded no further than it may be ahead of the reader', () => {
    const { job, told } = jobOf(['a! b! c! d! e!'], 2)
    expect(encodeAll(job)).toHaveLength(2)
    expect([job.isPaused, job.isEncoded]).toEqual([true, false])
    job.read(1)
    expect(encodeAll(job)).toHaveLength(1)
    job.read(10)
    expect(encodeAll(job)).toHaveLength(2)
    expect([job.isPaused, job.isEncoded]).toEqual([false, true])
    expect(told).toEqual([])
  })

  it('repeats a sentence in pieces even while it is paused', () => {
    const { job } = jobOf(['bus 42! b! c!'], 1)
    const [item] = encodeAll(job)
    expect(job.isPaused).toBe(true)
    job.takeRow(0, { ids: [...(item as RunItem).ids], isCut: false })
    expect(job.isPaused).toBe(false)
    expect(encodeAll(job).map(({ ids }) => String.fromCodePoint(...ids))).toEqual(['bus'])
    expect(job.isPaused).toBe(true)
  })
})
