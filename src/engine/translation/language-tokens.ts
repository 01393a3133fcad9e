import type { Tokenizer } from '@huggingface/tokenizers'
import { languageKey, shortCode } from '../../kernel/language-codes.ts'

/** How a model of several languages is told which: by tokens of its vocabulary. */
export interface LanguageTokens {
  /**
   * `source-and-first`: the source language stands beside the text, and the target language is the first token that is
   * produced (M2M100, NLLB). `target-prefix`: the target language stands before the text (multilingual Marian).
   */
  readonly style: 'source-and-first' | 'target-prefix'
  /** By `languageKey`. */
  readonly ids: ReadonlyMap<string, number>
  /** Short codes, in the order of the vocabulary. */
  readonly codes: readonly string[]
}

/** `__hi__` and `hin_Deva`. */
const BESIDE_TEXT = /^(?:__([a-z]{2,4})__|([a-z]{3}_[A-Z][a-z]{3}))$/
/** `>>hin<<` and `>>cmn_Hans<<`. */
const BEFORE_TEXT = /^>>([a-z]{2,3}(?:_[A-Z][a-z]{3})?)<<$/

/** The tokens of languages in a vocabulary; undefined for models of one pair of languages, which have none. */
export function languageTokens(tokenizer: Tokenizer): LanguageTokens | undefined {
  const added = [...tokenizer.get_added_tokens_decoder()].map(([id, { content }]): [string, number] => [
    content,
    id,
  ])
  return (
    collect('source-and-first', BESIDE_TEXT, added) ??
    collect('target-prefix', BEFORE_TEXT, [...tokenizer.get_vocab()])
  )
}

function collect(
  style: LanguageTokens['style'],
  pattern: RegExp,
  vocabulary: readonly (readonly [token: string, id: number])[],
): LanguageTokens | undefined {
  const ids = new Map<string, number>()
  const codes: string[] = []
  for (const [token, id] of vocabulary) {
    const match = pattern.exec(token)
    const code = match?.[1] ?? match?.[2]
    if (code === undefined || ids.has(languageKey(code))) continue
    ids.set(languageKey(code), id)
    codes.push(shortCode(code))
  }
  return ids.size === 0 ? undefined : { style, ids, codes }
}
