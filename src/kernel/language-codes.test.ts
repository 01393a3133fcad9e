import { expect, it, onTestFinished, vi } from 'vitest'
import { languageKey, shortCode } from './language-codes.ts'

it('codes of different systems mean the same language', () => {
  for (const same of [
    ['en', 'eng', 'eng_Latn', '__en__', 'EN', 'en-US'],
    ['hi', 'hin_Deva', '__hi__', 'HIN'],
    ['zh', 'zho_Hans', 'zh-CN', '__zh__', 'cmn_Hans'],
    ['zh-TW', 'zho_Hant', 'zh-Hant'],
    ['ar', 'arb_Arab'],
    ['ne', 'npi_Deva'],
  ]) {
    expect(new Set(same.map(languageKey)).size, same.join()).toBe(1)
  }
  expect(languageKey('zh')).not.toBe(languageKey('zh-TW'))
  expect(languageKey('sr')).not.toBe(languageKey('sr-Latn'))
})

it('the short code is the usual one, with a script only where that is not the usual one', () => {
  const codes = ['eng_Latn', '__hi__', 'zho_Hans', 'zho_Hant', 'srp_Cyrl', 'sr-Latn', 'pt-BR', 'ast']
  expect(codes.map(shortCode)).toEqual(['en', 'hi', 'zh', 'zh-Hant', 'sr', 'sr-Latn', 'pt', 'ast'])
})

it('what is no code is taken as it is', () => {
  for (const none of ['not a language', '', '!', 'a']) {
    expect(languageKey(none)).toBe(none)
    expect(shortCode(none)).toBe(none)
  }
})

it('a code is looked up once, and what is longer than any code never', () => {
  const seen = vi.spyOn(Intl, 'getCanonicalLocales')
  onTestFinished(() => seen.mockRestore())
  expect(languageKey('gsw-CH')).toBe(languageKey('gsw-CH'))
  expect(seen).toHaveBeenCalledTimes(1)
  const text = 'EN-'.repeat(100_000)
  expect(languageKey(text)).toBe(text)
  expect(seen).toHaveBeenCalledTimes(1)
})

it('what was looked up is kept of a bounded number of codes', () => {
  const seen = vi.spyOn(Intl, 'getCanonicalLocales')
  onTestFinished(() => seen.mockRestore())
  languageKey('fr-x-first')
  for (let i = 0; i < 1_000; i++) languageKey(`fr-x-${i}`)
  languageKey('fr-x-first')
  expect(seen.mock.calls.filter(([code]) => code === 'fr-x-first')).toHaveLength(2)
})
