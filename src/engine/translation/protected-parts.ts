/** A part of a sentence that must not be translated. */
export interface ProtectedPart {
  readonly start: number
  readonly end: number
}

/** Where a tag stands is its meaning: a sentence is always translated around tags. Lengths are bounded, and so is the time. */
const TAG = /<\/?[a-z][^<>]{0,500}>|&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]{2,31});/giu

const CONVERSION = String.raw`[-+0#]{0,4}\d{0,4}(?:\.\d{1,4})?[sdifgeuxXc@]`

/** Placeholders of templates and of printf, addresses, pictures, numbers. Good models copy them; others lose them. */
const TOKENS = new RegExp(
  [
    String.raw`\{\{[^{}]{0,200}\}\}`,
    String.raw`[$#]?\{[^{}]{1,200}\}`,
    String.raw`%(?:\d{1,2}\$|\(\w{1,64}\))${CONVERSION}`,
    // `100%sure` is a slip of the pen.
    String.raw`(?<!\d)%${CONVERSION}|%${CONVERSION}(?![a-z])`,
    String.raw`(?:https?|ftp)://[^\s<>"]{0,2000}[^\s<>"'.,;:!?)\]।]`,
    String.raw`[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}`,
    String.raw`\p{Extended_Pictographic}(?:\u{fe0f}|\u{200d}\p{Extended_Pictographic}|[\u{1f3fb}-\u{1f3ff}])*`,
    String.raw`[\u{1f1e6}-\u{1f1ff}]{2}`,
  ].join('|'),
  'gu',
)

/** With its separators: `1,000.50`, `12:30`. */
const NUMBER = /\p{Nd}+(?:[.,:/\u066b\u066c\u00a0\u202f'’-]\p{Nd}+)*/gu

const LETTER = /\p{L}/u

/** Whether a model has anything to do here: symbols, pictures and numbers alone mean the same in every language. */
export function hasWords(text: string): boolean {
  return LETTER.test(text) && LETTER.test(text.replaceAll(TAG, ' ').replaceAll(TOKENS, ' '))
}

export function hasTags(text: string): boolean {
  return text.search(TAG) !== -1
}

/** In order, without overlaps. */
export function protectedParts(text: string): ProtectedPart[] {
  const parts: ProtectedPart[] = []
  for (const pattern of [TAG, TOKENS, NUMBER]) {
    for (const { 0: match, index: start } of text.matchAll(pattern)) {
      const end = start + match.length
      if (parts.every((part) => end <= part.start || start >= part.end)) parts.push({ start, end })
    }
  }
  return parts.sort((a, b) => a.start - b.start)
}

/** Whether a translation has every placeholder, address, picture and number as often as its source, in whatever order. */
export function survives(source: string, translation: string): boolean {
  return inventory(source) === inventory(translation)
}

/** Numbers count by their digits: another script, or other separators, are a matter of the language. */
function inventory(text: string): string {
  const tokens = text.match(TOKENS) ?? []
  const numbers = text.replaceAll(TOKENS, ' ').match(NUMBER) ?? []
  return [...tokens, ...numbers.map(asciiDigits)].sort().join('\n')
}

function asciiDigits(number: string): string {
  return number
    .replaceAll(/\P{Nd}/gu, '')
    .replaceAll(/\p{Nd}/gu, (digit) => String(valueOfDigit(digit.codePointAt(0) as number)))
}

/** The digits of every script follow one another in Unicode, from 0 to 9; before a 0 stands no digit, or another set's 9. */
function valueOfDigit(code: number): number {
  let before = 0
  while (/\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before++
  return before % 10
}
