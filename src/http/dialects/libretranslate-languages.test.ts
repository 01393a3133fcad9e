import { expect, it, onTestFinished, vi, type MockInstance } from 'vitest'
import type { Translator } from '../../services/runtime.ts'
import { currentLanguages, ServedLanguages } from './libretranslate-languages.ts'

/** Codes that mean something: `aa` to `zz`. */
const letters = 'abcdefghijklmnopqrstuvwxyz'.split('')
const CODES = letters.flatMap((first) => letters.slice(0, 8).map((second) => first + second))

/** As a model of two hundred languages has them. */
function translatorOfAll(): Translator {
  const into = (source: string): string[] => CODES.filter((code) => code !== source)
  return { model: 'all', targets: Object.fromEntries(CODES.map((code) => [code, into(code)])) }
}

function lookUps(): MockInstance<typeof Intl.getCanonicalLocales> {
  const spy = vi.spyOn(Intl, 'getCanonicalLocales')
  onTestFinished(() => spy.mockRestore())
  return spy
}

it('a language that is not served is looked for once among all pairs, and a text in its place not at all', () => {
  const languages = new ServedLanguages([translatorOfAll()])
  const seen = lookUps()
  expect(() => languages.pair('ab', 'xyz')).toThrow('xyz is not supported')
  expect(seen.mock.calls).toEqual([['xyz']])
  const text = 'ab-'.repeat(100_000)
  expect(() => languages.pair('ab', text)).toThrow(`${text.slice(0, 20)} is not supported`)
  expect(() => languages.pair(text, 'ab')).toThrow(`${text.slice(0, 20)} is not supported`)
  expect(seen).toHaveBeenCalledTimes(1)
})

it('what is served is put together once, and anew when a model was swapped', () => {
  let translators = [translatorOfAll()]
  const languages = currentLanguages(() => [...translators])
  const first = languages()
  expect(languages()).toBe(first)
  translators = [{ model: 'en-hi', targets: { en: ['hi'] } }]
  expect(languages().entries.map(({ code }) => code)).toEqual(['en'])
  translators = [...translators, { model: 'hi-en', targets: { hi: ['en'] } }]
  expect(languages().entries.map(({ code }) => code)).toEqual(['en', 'hi'])
})
