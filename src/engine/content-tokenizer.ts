import { Tokenizer } from '@huggingface/tokenizers'
import { ModelLoadError } from '../kernel/errors.ts'
import type { ModelFolder } from './model-folder.ts'
import { shortenRuns } from './shorten-runs.ts'
import { beginnings, readCutRule, type CutRule } from './text-beginnings.ts'
import { stretches } from './text-stretches.ts'

/** Ids of the tokens of a text, or of as many as are wanted. */
export interface Content {
  readonly ids: readonly number[]
  /** False: there are more tokens than these. */
  readonly isWhole: boolean
}

/** What the tokenizer puts around two texts. */
export interface PairTemplate {
  readonly prefix: readonly number[]
  readonly middle: readonly number[]
  readonly suffix: readonly number[]
  /** How many tokens of `middle` belong to the first text, by their type; undefined where all types are the same. */
  readonly middleOfFirst: number | undefined
}

/** A text of so many characters for each token that fits has nearly always more tokens than fit. */
const CHARACTERS_PER_TOKEN = 16
/** Characters of a text in pieces that are tokenised in one go: a few milliseconds of work. */
const LONGEST_STRETCH = 16_000

/** Turns texts into ids of tokens, by `tokenizer.json`; truncation and padding settings of that file are ignored. */
export class ContentTokenizer {
  readonly #tokenizer: Tokenizer
  readonly #cutRule: CutRule

  /** @throws ModelLoadError when `tokenizer.json` is missing or of an unknown kind. */
  constructor(folder: ModelFolder) {
    const description = folder.json('tokenizer.json')
    this.#cutRule = readCutRule(description)
    try {
      this.#tokenizer = new Tokenizer(description, folder.optionalJson('tokenizer_config.json') ?? {})
    } catch (cause) {
      throw new ModelLoadError(`${folder.path}/tokenizer.json is not a tokenizer that is known here.`, {
        cause,
      })
    }
  }

  get vocabularySize(): number {
    return this.#tokenizer.get_vocab().size
  }

  /** All tokens of the text without special ones, or so many of the first that it is sure to have more than `room`. */
  contentOf(text: string, room: number): Content {
    const wellFormed = toWellFormed(text)
    const firstLength = room * CHARACTERS_PER_TOKEN
    for (const beginning of beginnings(wellFormed, this.#cutRule, firstLength)) {
      const shortened = this.#shorten(beginning.text, room)
      const ids = this.#encode(shortened, { add_special_tokens: false }).ids
      if (beginning.isWhole) return { ids, isWhole: shortened === wellFormed }
      if (ids.length - beginning.doubtfulTokens > room) return { ids, isWhole: false }
    }
    throw new Error('The last beginning of a text is the whole of it.')
  }

  /**
   * All tokens of a text, a stretch at a time.
   * @param tokens About how many a stretch should have.
   */
  *stretchesOf(text: string, tokens: number): Generator<readonly number[]> {
    const length = Math.min(tokens * CHARACTERS_PER_TOKEN, LONGEST_STRETCH)
    for (const stretch of stretches(toWellFormed(text), length))
      yield this.#encode(stretch, { add_special_tokens: false }).ids
  }

  /** What the tokenizer puts before and after the tokens of a text. */
  specialTokensAround(): [prefix: readonly number[], suffix: readonly number[]] {
    const content = this.#encode('a', { add_special_tokens: false }).ids
    const { ids } = this.#encode('a', {})
    const start = placeOf(content, ids, 0)
    return [ids.slice(0, start), ids.slice(start + content.length)]
  }

  /** Undefined for a tokenizer that does not say how two texts go together. */
  pairTemplate(): PairTemplate | undefined {
    const [first, second] = ['a', 'b'].map((text) => this.#encode(text, { add_special_tokens: false }).ids)
    const { ids, token_type_ids: types = [] } = this.#encode('a', {
      text_pair: 'b',
      return_token_type_ids: true,
    })
    const firstAt = placeOf(first as number[], ids, 0)
    const firstEnd = firstAt + (first as number[]).length
    const secondAt = firstAt === -1 ? -1 : placeOf(second as number[], ids, firstEnd)
    if (secondAt <= firstEnd) return undefined
    const otherType = types.findIndex((type) => type !== types[firstAt])
    return {
      prefix: ids.slice(0, firstAt),
      middle: ids.slice(firstEnd, secondAt),
      suffix: ids.slice(secondAt + (second as number[]).length),
      middleOfFirst: otherType === -1 ? undefined : otherType - firstEnd,
    }
  }

  #shorten(text: string, room: number): string {
    const { longestWord } = this.#cutRule
    return longestWord === undefined ? text : shortenRuns(text, room + longestWord + 1)
  }

  /** The package's own types do not resolve under Node's rules of modules. */
  #encode(text: string, options: object): { ids: number[]; token_type_ids?: number[] } {
    return this.#tokenizer.encode(text, options) as { ids: number[]; token_type_ids?: number[] }
  }
}

/** Replaces halves of surrogate pairs by U+FFFD. (Node 20 has this method; the language version compiled for does not.) */
function toWellFormed(text: string): string {
  return (text as unknown as { toWellFormed(): string }).toWellFormed()
}

/** Where `part` begins in `all`, from `from` on; -1 where it does not. */
function placeOf(part: readonly number[], all: readonly number[], from: number): number {
  return all.findIndex((_, index) => index >= from && part.every((id, i) => all[index + i] === id))
}
