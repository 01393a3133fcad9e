import type { JsonObject } from './model-folder.ts'

/** What is known of a tokenizer that lets a long text be cut before it is tokenised. */
export interface CutRule {
  /** A space ends a word: what comes after it changes no token before it. */
  readonly splitsAtSpaces: boolean
  /**
   * WordPiece: a word with more characters is one unknown token. So a cut in the middle of a word spoils no more tokens
   * than this. Undefined for other tokenizers.
   */
  readonly longestWord: number | undefined
}

/** The beginning of a text, or all of it. */
export interface Beginning {
  readonly text: string
  readonly isWhole: boolean
  /** How many of its last tokens may not be those of the whole text. */
  readonly doubtfulTokens: number
}

const GROWTH = 4
/** A cut at a space is exact for every tokenizer that splits there; this many tokens are not relied on even so. */
const MARGIN_TOKENS = 8

/** Pre-tokenizers that let no token go across a space. */
const SPLIT_AT_SPACES: ReadonlySet<unknown> = new Set([
  'BertPreTokenizer',
  'Whitespace',
  'WhitespaceSplit',
  'ByteLevel',
  'Metaspace',
])

/** @param tokenizer The content of `tokenizer.json`. */
export function readCutRule(tokenizer: JsonObject): CutRule {
  const model = (tokenizer['model'] ?? {}) as JsonObject
  const preTokenizer = (tokenizer['pre_tokenizer'] ?? {}) as JsonObject
  const steps = (preTokenizer['pretokenizers'] ?? [preTokenizer]) as readonly JsonObject[]
  const isBert = model['type'] === 'WordPiece' && preTokenizer['type'] === 'BertPreTokenizer'
  return {
    splitsAtSpaces: steps.some((step) => SPLIT_AT_SPACES.has(step['type']) && step['split'] !== false),
    longestWord: isBert ? Number(model['max_input_chars_per_word'] ?? 100) : undefined,
  }
}

/**
 * Longer and longer beginnings of a text, the last of them the whole: whoever needs only the first tokens stops at the
 * first that has enough of them. A megabyte of text costs then as much as the few kilobytes that matter.
 *
 * @param firstLength How many characters to begin with.
 */
export function* beginnings(text: string, rule: CutRule, firstLength: number): Generator<Beginning> {
  for (let length = firstLength; length < text.length; length *= GROWTH) {
    const space = rule.splitsAtSpaces ? lastWordEnd(text, length) : -1
    if (space > length / 2) {
      yield { text: text.slice(0, space), isWhole: false, doubtfulTokens: MARGIN_TOKENS }
    } else if (rule.longestWord !== undefined) {
      yield { text: text.slice(0, length), isWhole: false, doubtfulTokens: rule.longestWord + MARGIN_TOKENS }
    }
  }
  yield { text, isWhole: true, doubtfulTokens: 0 }
}

/** Place of the last space up to `before` that ends a word; -1 if there is none. */
function lastWordEnd(text: string, before: number): number {
  let space = text.lastIndexOf(' ', before)
  while (space > 0 && /\s/.test(text[space - 1] as string)) space = text.lastIndexOf(' ', space - 1)
  return space
}

/**
 * Shortens runs of one repeated character, and runs of ASCII letters and digits, to `longest` characters. For WordPiece
 * this changes nothing as long as `longest` exceeds the longest word and the tokens that are wanted: such a run is an
 * unknown word, or white space, or is dropped, or gives more tokens than matter.
 */
export function shortenRuns(text: string, longest: number): string {
  const kept: string[] = []
  let [runStart, keptFrom, runKind] = [0, 0, -1]
  const endRun = (end: number): void => {
    if (end - runStart <= longest) return
    kept.push(text.slice(keptFrom, runStart + longest))
    keptFrom = end
  }
  for (let i = 0; i < text.length; i++) {
    const kind = kindOf(text.charCodeAt(i))
    if (kind === runKind) continue
    endRun(i)
    runStart = i
    runKind = kind
  }
  endRun(text.length)
  return kept.length === 0 ? text : kept.join('') + text.slice(keptFrom)
}

/** No code unit has it. */
const ALPHANUMERIC = 0x10000

/** ASCII letters and digits are of one kind; every other character is of its own. */
function kindOf(code: number): number {
  const isAlphanumeric =
    (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
  return isAlphanumeric ? ALPHANUMERIC : code
}
