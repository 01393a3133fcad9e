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
  // An added token of letters is found in the middle of a word, and would end it.
  const addedTokens = (tokenizer['added_tokens'] ?? []) as readonly { content?: string }[]
  const haveBrackets = addedTokens.every(({ content = '' }) => /^\p{P}.*\p{P}$/u.test(content))
  return {
    splitsAtSpaces: steps.some((step) => SPLIT_AT_SPACES.has(step['type']) && step['split'] !== false),
    longestWord: isBert && haveBrackets ? Number(model['max_input_chars_per_word'] ?? 100) : undefined,
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
