import { francAll } from 'franc-min'
import { languageKey } from '../kernel/language-codes.ts'

export interface DetectedLanguage {
  /** One of the candidates. */
  readonly language: string
  /** 0 to 100; 0 where the text has no words. */
  readonly confidence: number
}

/** Texts of a few thousand characters say all that more would. */
const MOST_CHARACTERS = 4_000

/** Each so many letters count as one more piece of evidence that says the same, up to so many pieces. */
const [LETTERS_PER_PIECE, MOST_PIECES] = [4, 10]

/** Writing systems that are made of several scripts of Unicode. */
const SCRIPTS: Readonly<Record<string, string>> = {
  Hans: String.raw`\p{Script=Hani}`,
  Hant: String.raw`\p{Script=Hani}`,
  Jpan: String.raw`\p{Script=Hani}\p{Script=Hira}\p{Script=Kana}`,
  Kore: String.raw`\p{Script=Hang}\p{Script=Hani}`,
}

/**
 * Which of the languages a text is in, best first: by its letters, and, where several are written with these, by how frequent
 * three of them are in a row (franc). Languages that are no candidates do not count, whatever the text is in.
 */
export function detectLanguages(text: string, candidates: readonly string[]): DetectedLanguage[] {
  const sample = text.slice(0, MOST_CHARACTERS)
  const letters = sample.match(/\p{L}/gu)?.length ?? 0
  if (letters === 0) return candidates.slice(0, 1).map((language) => ({ language, confidence: 0 }))
  const shares = new Map<string, number>()
  const written = candidates.map((language) => {
    const script = scriptOf(language)
    const share = shares.get(script) ?? shareOf(sample, script, letters)
    shares.set(script, share)
    return { language, share }
  })
  const most = Math.max(...written.map(({ share }) => share))
  const likely = written.filter(({ share }) => share === most).map(({ language }) => language)
  const scores = trigramScores(sample, likely, Math.min(MOST_PIECES, letters / LETTERS_PER_PIECE))
  return likely
    .map((language) => ({ language, score: scores.get(languageKey(language)) ?? 0 }))
    .sort((a, b) => b.score - a.score)
    .map(({ language, score }) => ({ language, confidence: Math.round(100 * most * score) }))
}

/** As a code with its script says, or as the language is usually written. */
function scriptOf(language: string): string {
  return /-(\w{4})$/.exec(languageKey(language))?.[1] ?? 'Latn'
}

/** The part of the letters that are of this script. */
function shareOf(text: string, script: string, letters: number): number {
  let pattern: RegExp
  try {
    pattern = new RegExp(`[${SCRIPTS[script] ?? String.raw`\p{Script=${script}}`}]`, 'gu')
  } catch {
    return 0
  }
  const own = text.match(pattern)?.filter((character) => /\p{L}/u.test(character)).length ?? 0
  return own / letters
}

/**
 * How probable each language is, by `languageKey`: all the same where there is nothing to choose between, or franc knows none of
 * them. Its scores are near one another however long the text is, 1 for the first and 0.7 for the next; the power that makes
 * probabilities of them grows with the text.
 */
function trigramScores(text: string, languages: readonly string[], power: number): Map<string, number> {
  const all = francAll(text, { minLength: 1 })
  const scores = new Map(all.map(([code, score]) => [languageKey(code), score]))
  const wanted = languages.map((language): [string, number] => {
    const key = languageKey(language)
    return [key, (scores.get(key) ?? 0) ** power]
  })
  const total = wanted.reduce((sum, [, score]) => sum + score, 0)
  return new Map(wanted.map(([key, score]) => [key, total === 0 ? 1 / languages.length : score / total]))
}
