import { Tokenizer } from '@huggingface/tokenizers'
import { languageKey } from '../../kernel/language-codes.ts'
import { ModelLoadError } from '../../kernel/errors.ts'
import type { ModelFolder } from '../model-folder.ts'
import type { RunItem } from '../run-item.ts'
import type { GenerationConfig } from './generation-config.ts'
import { languageTokens, type LanguageTokens } from './language-tokens.ts'

/** Codes of any system; see `languageKey`. */
export interface LanguagePair {
  readonly source: string
  readonly target: string
}

/** Turns sentences into the ids that a translation model reads, and what it writes into text, by `tokenizer.json`. */
export class SentenceTokenizer {
  /** Undefined for models of one pair of languages. */
  readonly languages: LanguageTokens | undefined
  readonly #tokenizer: Tokenizer
  readonly #config: GenerationConfig
  readonly #prefix: readonly number[]
  readonly #suffix: readonly number[]

  /** @throws ModelLoadError when `tokenizer.json` is missing or of an unknown kind. */
  constructor(folder: ModelFolder, config: GenerationConfig) {
    this.#config = config
    const description = folder.json('tokenizer.json')
    const settings = folder.optionalJson('tokenizer_config.json') ?? {}
    try {
      this.#tokenizer = new Tokenizer(description, settings)
    } catch (cause) {
      const message = `${folder.path}/tokenizer.json is not a tokenizer that is known here.`
      throw new ModelLoadError(message, { cause })
    }
    this.languages = languageTokens(this.#tokenizer)
    const [prefix, suffix] = this.#specialTokensAround()
    this.#prefix = prefix
    this.#suffix = suffix
  }

  /** @returns undefined when the sentence has more tokens than the model takes. */
  encode(sentence: string, pair: LanguagePair): RunItem | undefined {
    const content = this.#idsOf(sentence, false)
    const { languages } = this
    const source = languages?.ids.get(languageKey(pair.source))
    const target = languages?.ids.get(languageKey(pair.target))
    const isBeside = languages?.style === 'source-and-first'
    const ids = isBeside
      ? this.#besideSource(content, source as number)
      : [...(target === undefined ? [] : [target]), ...this.#prefix, ...content, ...this.#suffix]
    if (ids.length > this.#config.maxSourceTokens) return undefined
    return { ids: Int32Array.from(ids), firstToken: isBeside ? target : this.#config.firstToken }
  }

  decode(ids: readonly number[]): string {
    return ids.length === 0 ? '' : this.#tokenizer.decode([...ids], { skip_special_tokens: true }).trim()
  }

  /** `tokenizer.json` holds one language in the place of the source language: any other takes that place. */
  #besideSource(content: readonly number[], source: number): number[] {
    const known = new Set(this.languages?.ids.values())
    const [prefix, suffix] = [this.#prefix, this.#suffix].map((ids) =>
      ids.map((id) => (known.has(id) ? source : id)),
    ) as [number[], number[]]
    const isThere = prefix.includes(source) || suffix.includes(source)
    return [...(isThere ? [] : [source]), ...prefix, ...content, ...suffix]
  }

  /** What the tokenizer puts before and after the tokens of a text. */
  #specialTokensAround(): [prefix: number[], suffix: number[]] {
    const content = this.#idsOf('a', false)
    const all = this.#idsOf('a', true)
    const start = all.findIndex((_, index) => content.every((id, i) => all[index + i] === id))
    return [all.slice(0, start), all.slice(start + content.length)]
  }

  /** The package's own types do not resolve under Node's rules of modules. */
  #idsOf(text: string, withSpecialTokens: boolean): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: withSpecialTokens }).ids as number[]
  }
}
