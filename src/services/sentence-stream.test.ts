import { describe, expect, it } from 'vitest'
import type { TranslatedSentence } from '../registry/model.ts'
import { ManualClock } from '../testing/index.ts'
import { SentenceStream } from './sentence-stream.ts'

const sentence = (number: number, text = 0): TranslatedSentence => ({
  text,
  sentence: number,
  translation: `${text}.${number}`,
})

describe('a stream of sentences', () => {
  it('begins nothing before it is read, and nothing when its reader has left before', async () => {
    let begun = 0
    const make = (): SentenceStream =>
      new SentenceStream(new ManualClock(), undefined, () => {
        begun++
        return Promise.resolve()
      })
    const stream = make()
    expect(begun).toBe(0)
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    expect(begun).toBe(1)
    const left = make()
    await left.return()
    expect(await left.next()).toEqual({ done: true, value: undefined })
    expect(begun).toBe(1)
  })

  it('gives each sentence once, also when the work is begun anew', async () => {
    const stream = new SentenceStream(new ManualClock(), undefined, async (_, onSentence) => {
      await Promise.all([sentence(0), sentence(1), sentence(0, 1)].map(onSentence))
      await Promise.all(
        [sentence(0), sentence(1), sentence(2), sentence(0, 1), sentence(1, 1)].map(onSentence),
      )
    })
    const seen: string[] = []
    for await (const { translation } of stream) seen.push(translation)
    expect(seen).toEqual(['0.0', '0.1', '1.0', '0.2', '1.1'])
  })

  it('lets the producer go on when a sentence was taken, and tells it when the reader is gone', async () => {
    const told: string[] = []
    const stream = new SentenceStream(new ManualClock(), undefined, async (signal, onSentence) => {
      for (const n of [0, 1, 2]) {
        await onSentence(sentence(n)).catch((reason: Error) => told.push(reason.name))
        signal.throwIfAborted()
        told.push(`${n} was taken`)
      }
    })
    await stream.next()
    await new Promise(setImmediate)
    expect(told).toEqual(['0 was taken'])
    await stream.return()
    expect(told).toEqual(['0 was taken', 'AbortError'])
  })

  it('passes on what the work failed with, once, and the reason of its signal', async () => {
    const failing = new SentenceStream(new ManualClock(), undefined, () =>
      Promise.reject(new Error('broken')),
    )
    await expect(failing.next()).rejects.toThrow('broken')
    expect(await failing.next()).toEqual({ done: true, value: undefined })
    const caller = new AbortController()
    const aborted = new SentenceStream(new ManualClock(), caller.signal, async (signal, onSentence) => {
      await onSentence(sentence(0))
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    })
    await aborted.next()
    const next = aborted.next()
    await new Promise(setImmediate)
    caller.abort(new Error('enough'))
    await expect(next).rejects.toThrow('enough')
  })

  it('gives a reader up who took a sentence and leaves the next one lying for half a minute', async () => {
    const clock = new ManualClock()
    const stream = new SentenceStream(clock, undefined, async (_, onSentence) => {
      await onSentence(sentence(0))
      await onSentence(sentence(1))
    })
    await stream.next()
    await clock.advanceAsync(29_999)
    expect((await stream.next()).value).toEqual(sentence(1))
    const slow = new SentenceStream(clock, undefined, async (_, onSentence) => {
      await onSentence(sentence(0))
      await onSentence(sentence(1))
    })
    await slow.next()
    await clock.advanceAsync(30_000)
    await expect(slow.next()).rejects.toThrow('nobody took a sentence for 30 s')
  })

  it('does not mind how long the reader takes when everything is there', async () => {
    const clock = new ManualClock()
    const stream = new SentenceStream(clock, undefined, (_, onSentence) => {
      void onSentence(sentence(0))
      void onSentence(sentence(1))
      return Promise.resolve()
    })
    await stream.next()
    await clock.advanceAsync(60_000)
    expect((await stream.next()).value).toEqual(sentence(1))
    expect((await stream.next()).done).toBe(true)
  })
})
