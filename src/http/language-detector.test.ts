import { expect, it } from 'vitest'
import { detectLanguages } from './language-detector.ts'

const bestOf = (text: string, ...candidates: string[]): string | undefined =>
  detectLanguages(text, candidates)[0]?.language

it('a language is known by its letters', () => {
  const candidates = ['en', 'hi', 'ar', 'ja', 'ko', 'zh-Hans', 'el', 'ru']
  for (const [text, language] of [
    ['Hello', 'en'],
    ['नमस्ते', 'hi'],
    ['مرحبا', 'ar'],
    ['こんにちは', 'ja'],
    ['안녕하세요', 'ko'],
    ['Καλημέρα', 'el'],
    ['Привет', 'ru'],
  ] as const) {
    expect(bestOf(text, ...candidates)).toBe(language)
  }
})

it('and among those with the same letters by how they follow one another', () => {
  const candidates = ['en', 'de', 'fr', 'es']
  expect(bestOf('This is the house that they have built.', ...candidates)).toBe('en')
  expect(bestOf('Das ist das Haus, das sie gebaut haben.', ...candidates)).toBe('de')
  expect(bestOf("C'est la maison qu'ils ont construite.", ...candidates)).toBe('fr')
})

it('only candidates count, by whatever code they go', () => {
  expect(bestOf('Das ist ein Haus', 'en', 'hi')).toBe('en')
  expect(bestOf('Das ist ein Haus', 'eng_Latn', 'deu_Latn')).toBe('deu_Latn')
  expect(detectLanguages('Hello', [])).toEqual([])
  // A configuration may call a language whatever it likes.
  expect(bestOf('नमस्ते', 'the old one', 'hi')).toBe('hi')
})

it('says how sure it is: not at all without words, less where the letters are mixed', () => {
  expect(detectLanguages('12 😀', ['en', 'hi'])).toEqual([{ language: 'en', confidence: 0 }])
  expect(detectLanguages('नमस्ते', ['en', 'hi'])).toEqual([{ language: 'hi', confidence: 100 }])
  const [mixed] = detectLanguages('hello नमस्ते', ['en', 'hi'])
  expect(mixed?.confidence).toBeLessThan(70)
  // Neither is written so: any is as good as another.
  expect(detectLanguages('你好', ['en', 'hi'])).toEqual([
    { language: 'en', confidence: 0 },
    { language: 'hi', confidence: 0 },
  ])
})

it('is surer the longer the text is', () => {
  const candidates = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl']
  const text = 'This is the house that they have built, and it stands in the middle of the village.'
  const [short, long] = [text.slice(0, 8), text].map((part) => detectLanguages(part, candidates)[0])
  expect(long).toMatchObject({ language: 'en' })
  expect(long?.confidence).toBeGreaterThan(80)
  expect(short?.confidence).toBeLessThan(50)
})

it('takes no longer with a long text', () => {
  expect(bestOf('This is the house. '.repeat(100_000), 'en', 'de')).toBe('en')
})
