import { protectedParts } from './protected-parts.ts'

/** A sentence and the white space around it: all of them joined are the text. */
export interface CutSentence {
  readonly before: string
  readonly sentence: string
  readonly after: string
}

/** Where a sentence that is too long is cut, best first: after a clause, at a space. */
const CLAUSE_END = /[,;:،؛、，；：—–](?:\s+|(?<=[、，；：]))/gu
const SPACE = /\s+/gu

/** Where these end a sentence there is white space after them; else they stand in an address, or in a number. */
const GOES_ON = /[.!?]["')\]]*$/
/** Characters that are looked at for it: all of a long sentence would take longer with each of its segments. */
const LONGEST_END = 32

/** Pieces of white space that are taken together with the sentence before them. */
const MOST_BLANK_PIECES = 64

/** Characters that are looked at together. */
const LEAST_WINDOW = 2_048

/** Of a placeholder or an address, as far as it is looked for on either side of a cut. */
const LONGEST_PART = 300

/** More than the languages of the largest models; a model that does not say what it translates takes any name for one. */
const MOST_SEGMENTERS = 500

const segmenters = new Map<string, Intl.Segmenter>()

/**
 * Cuts a text into sentences as its language does (Unicode UAX #29). Lines end sentences, too.
 *
 * @param maxLength Longer sentences are cut at clauses, else at spaces, else anywhere: more characters than a model can read.
 */
export function* cutSentences(text: string, language: string, maxLength: number): Generator<CutSentence> {
  let held = ''
  let blanks = 0
  let offset = 0
  for (const segment of segments(text, segmenterOf(language), maxLength)) {
    const isBlank = segment.trim() === ''
    const goesOn =
      held.length < maxLength &&
      (GOES_ON.test(held.slice(-LONGEST_END)) || endsWithinPart(held, text, offset))
    const belongs = (isBlank && blanks < MOST_BLANK_PIECES) || goesOn
    if (held !== '' && !belongs) {
      yield* pieces(held, maxLength)
      held = ''
      blanks = 0
    }
    held += segment
    offset += segment.length
    if (isBlank) blanks++
  }
  if (held !== '') yield* pieces(held, maxLength)
}

/** Whether a cut at `offset`, behind `before`, would go through a placeholder or a tag: brackets end sentences, too. */
function endsWithinPart(before: string, text: string, offset: number): boolean {
  const start = before.slice(-LONGEST_PART)
  // Only what is in brackets may have white space in it.
  if (/\s$/.test(start) && !/[{<][^}>]*$/.test(start)) return false
  return protectedParts(start + text.slice(offset, offset + LONGEST_PART)).some(
    (part) => part.start < start.length && part.end > start.length,
  )
}

/**
 * Window by window: V8's segmenter takes longer for each sentence the longer the text is. What a window ends with may go on in
 * the next one.
 */
function* segments(text: string, segmenter: Intl.Segmenter, maxLength: number): Generator<string> {
  const windowLength = Math.max(LEAST_WINDOW, 2 * maxLength)
  let start = 0
  while (start < text.length) {
    const end = start + windowLength
    const window = text.slice(start, isWithinPair(text, end) ? end - 1 : end)
    const isLast = start + window.length === text.length
    let held: string | undefined
    for (const { segment } of segmenter.segment(window)) {
      if (held !== undefined) {
        yield held
        start += held.length
      }
      held = segment
    }
    // One sentence that fills the window is longer than any that is not cut.
    if (held !== undefined && (isLast || held.length === window.length)) {
      yield held
      start += held.length
    }
  }
}

/** Two parts of a text of at least two characters, cut as near to its middle as there is a good place. */
export function cutInTwo(text: string): [string, string] {
  const middle = text.length / 2
  const place = nearest(text, CLAUSE_END, middle) ?? nearest(text, SPACE, middle) ?? Math.floor(middle)
  const shift = place > 1 ? -1 : 1
  const end = isWithinPair(text, place) && text.length > 2 ? place + shift : place
  return [text.slice(0, end), text.slice(end)]
}

/** Whether a cut there would leave half of a character on either side. */
function isWithinPair(text: string, place: number): boolean {
  return /[\udc00-\udfff]/.test(text.charAt(place)) && /[\ud800-\udbff]/.test(text.charAt(place - 1))
}

export function splitWhiteSpace(text: string): CutSentence {
  const sentence = text.trim()
  const start = text.indexOf(sentence)
  return { before: text.slice(0, start), sentence, after: text.slice(start + sentence.length) }
}

function* pieces(text: string, maxLength: number): Generator<CutSentence> {
  let rest = text
  while (rest.length > maxLength) {
    const [head] = cutInTwo(rest.slice(0, Math.min(rest.length, maxLength)))
    yield splitWhiteSpace(head)
    rest = rest.slice(head.length)
  }
  yield splitWhiteSpace(rest)
}

/** Ends of matches that leave something on both sides; the one nearest to `middle`, within its half of the text. */
function nearest(text: string, pattern: RegExp, middle: number): number | undefined {
  let best: number | undefined
  for (const { 0: match, index } of text.matchAll(pattern)) {
    const end = index + match.length
    if (end >= text.length || Math.abs(end - middle) > middle / 2) continue
    if (best === undefined || Math.abs(end - middle) < Math.abs(best - middle)) best = end
  }
  return best
}

function segmenterOf(language: string): Intl.Segmenter {
  const known = segmenters.get(language)
  if (known !== undefined) return known
  let made: Intl.Segmenter
  try {
    made = new Intl.Segmenter(language.replaceAll('_', '-'), { granularity: 'sentence' })
  } catch {
    made = new Intl.Segmenter(undefined, { granularity: 'sentence' })
  }
  if (segmenters.size === MOST_SEGMENTERS) segmenters.clear()
  segmenters.set(language, made)
  return made
}
