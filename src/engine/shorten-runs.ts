/** What BERT's normaliser and pre-tokenizer make of a character. */
const [UNKNOWN, SOLID, FLEETING, BOUNDARY] = [0, 1, 2, 3]

/** Letters, digits and pictures: whatever case and accents become, at least one character of a word is left of each. */
const IS_SOLID = /^[\p{L}\p{N}\p{So}]$/u
/** Marks and control characters: they may be dropped, and never end a word. */
const IS_FLEETING = /^[\p{M}\p{C}\ufffd]$/u
/** Ideographs that are words by themselves. */
const IDEOGRAPHS = [
  [0x3400, 0x9fff],
  [0xf900, 0xfaff],
  [0x20000, 0x3ffff],
] as const

/** The kind of each code point, as far as it was asked for: a regular expression for each would take 100 ns. */
const kinds = new Uint8Array(0x110000)

/**
 * Leaves out of a text for BERT's WordPiece what cannot change its tokens: a word that is longer than `longest` is an
 * unknown token however it goes on, and of one character repeated more than `longest` times, either nothing is left, or
 * one word, or more tokens than are wanted. So a megabyte without a space costs no more than one with.
 *
 * @param longest More than the characters of the longest word that has tokens of its own, and than the tokens wanted.
 */
export function shortenRuns(text: string, longest: number): string {
  if (text.length <= longest) return text
  const kept: string[] = []
  let [keptFrom, wordLength, repeated, previous] = [0, 0, 0, -1]
  for (let i = 0; i < text.length;) {
    const code = text.codePointAt(i) as number
    const kind = kindOf(code)
    const next = i + (code > 0xffff ? 2 : 1)
    repeated = code === previous ? repeated + 1 : 1
    previous = code
    if (kind === SOLID) wordLength++
    else if (kind === BOUNDARY) wordLength = 0
    if (wordLength > longest || (kind !== SOLID && repeated > longest)) {
      if (keptFrom < i) kept.push(text.slice(keptFrom, i))
      keptFrom = next
    }
    i = next
  }
  return keptFrom === 0 ? text : kept.join('') + text.slice(keptFrom)
}

function kindOf(code: number): number {
  const known = kinds[code] as number
  if (known !== UNKNOWN) return known
  const kind = classify(code)
  kinds[code] = kind
  return kind
}

/** What is not surely something else counts as a boundary: too many of those only mean that less is left out. */
function classify(code: number): number {
  if (IDEOGRAPHS.some(([first, last]) => code >= first && code <= last)) return BOUNDARY
  const character = String.fromCodePoint(code)
  if (/\s/.test(character)) return BOUNDARY
  if (IS_SOLID.test(character)) return SOLID
  return IS_FLEETING.test(character) ? FLEETING : BOUNDARY
}
