import { Tokenizer } from '@huggingface/tokenizers'
import { InputTooLongError, InvalidInputError, ModelLoadError } from '../kernel/errors.ts'
import type { EmbeddingConfig } from './embedding-config.ts'
import type { ModelFolder } from './model-folder.ts'
import { shortenRuns } from './shorten-runs.ts'
import { beginnings, readCutRule, type CutRule } from './text-beginnings.ts'
import { evenPieces, stretches } from './text-stretches.ts'

/** A text as the graph takes it: ids with special tokens around. */
export interface EncodedText {
  readonly ids: Int32Array
  /** Whether tokens were left out to keep to the limit. */
  readonly isTruncated: boolean
}

export interface EncodeOptions {
  readonly inputType: 'query' | 'document' | 'unspecified'
  /** False: a text over the limit is an error. */
  readonly truncate: boolean
}

/** Ids of the tokens of a text, or of as many as are wanted. */
interface Content {
  readonly ids: readonly number[]
  /** False: there are more tokens than these. */
  readonly isWhole: boolean
}

/** A text of so many characters for each token that fits has nearly always more tokens than fit. */
const CHARACTERS_PER_TOKEN = 16

/** Turns inputs into ids of tokens, by `tokenizer.json`; truncation and padding settings of that file are ignored. */
export class TextTokenizer {
  readonly #tokenizer: Tokenizer
  readonly #config: EmbeddingConfig
  readonly #cutRule: CutRule
  readonly #prefix: readonly number[]
  readonly #suffix: readonly number[]
  readonly #vocabularySize: number

  /** @throws ModelLoadError when `tokenizer.json` is missing or of an unknown kind. */
  constructor(folder: ModelFolder, config: EmbeddingConfig) {
    this.#config = config
    const description = folder.json('tokenizer.json')
    this.#cutRule = readCutRule(description)
    try {
      this.#tokenizer = new Tokenizer(description, folder.optionalJson('tokenizer_config.json') ?? {})
    } catch (cause) {
      throw new ModelLoadError(`${folder.path}/tokenizer.json is not a tokenizer that is known here.`, {
        cause,
      })
    }
    const [prefix, suffix] = specialTokensAround(this.#tokenizer)
    this.#prefix = prefix
    this.#suffix = suffix
    this.#vocabularySize = config.vocabularySize ?? this.#tokenizer.get_vocab().size
  }

  /**
   * @param index Its place in the request, for messages.
   * @throws InputTooLongError, InvalidInputError naming `input[index]`
   */
  encode(input: string | readonly number[], index: number, options: EncodeOptions): EncodedText {
    const prompt = this.#config.prompts[options.inputType]
    const room = this.#config.maxTokens - this.#prefix.length - this.#suffix.length
    const content =
      typeof input === 'string'
        ? this.#tokenise(prompt + input, room)
        : this.#joinIds(this.#tokenise(prompt, room), this.#checkIds(input, index))
    const isTooLong = content.ids.length > room
    if (isTooLong && !options.truncate) throw this.#tooLong(content, index)
    return { ids: this.#surround(content.ids, isTooLong ? room : content.ids.length), isTruncated: isTooLong }
  }

  /**
   * The whole of a text in pieces that the model takes, each with its special tokens and the prompt. A long text is
   * tokenised stretch by stretch as the pieces are asked for, so that nobody is held up by it.
   * @throws InvalidInputError naming `input[index]`
   */
  *encodeChunks(
    input: string | readonly number[],
    index: number,
    inputType: EncodeOptions['inputType'],
  ): Generator<Int32Array> {
    const room = this.#config.maxTokens - this.#prefix.length - this.#suffix.length
    const prompt = this.#tokenise(this.#config.prompts[inputType], room).ids
    const roomForText = Math.max(1, room - prompt.length)
    let isFirst = true
    for (const content of this.#stretches(input, index)) {
      for (const piece of evenPieces(content, roomForText)) {
        yield this.#surround([...prompt, ...piece], Math.min(room, prompt.length + piece.length))
        isFirst = false
      }
    }
    // An empty text has a vector, too.
    if (isFirst) yield this.#surround(prompt, Math.min(room, prompt.length))
  }

  /** The ids of the text, a stretch at a time. */
  *#stretches(input: string | readonly number[], index: number): Generator<readonly number[]> {
    if (typeof input !== 'string') return yield this.#checkIds(input, index)
    const length = this.#config.maxTokens * CHARACTERS_PER_TOKEN
    for (const stretch of stretches(toWellFormed(input), length)) yield idsOf(this.#tokenizer, stretch, false)
  }

  /** All tokens of the text, or so many of the first that it is sure to have more than `room`. */
  #tokenise(text: string, room: number): Content {
    const wellFormed = toWellFormed(text)
    const firstLength = room * CHARACTERS_PER_TOKEN
    for (const beginning of beginnings(wellFormed, this.#cutRule, firstLength)) {
      const shortened = this.#shorten(beginning.text, room)
      const ids = idsOf(this.#tokenizer, shortened, false)
      if (beginning.isWhole) return { ids, isWhole: shortened === wellFormed }
      if (ids.length - beginning.doubtfulTokens > room) return { ids, isWhole: false }
    }
    throw new Error('The last beginning of a text is the whole of it.')
  }

  #shorten(text: string, room: number): string {
    const { longestWord } = this.#cutRule
    return longestWord === undefined ? text : shortenRuns(text, room + longestWord + 1)
  }

  #joinIds(prompt: Content, ids: readonly number[]): Content {
    return { ids: [...prompt.ids, ...ids], isWhole: true }
  }

  #checkIds(ids: readonly number[], index: number): readonly number[] {
    if (!Array.isArray(ids)) {
      const field = `input[${index}]`
      throw new InvalidInputError(`${field} should be a text or an array of token ids, not ${typeof ids}.`, {
        field,
      })
    }
    const place = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= this.#vocabularySize)
    if (place === -1) return ids
    throw new InvalidInputError(
      `input[${index}][${place}] should be the id of a token, a whole number from 0 to ${this.#vocabularySize - 1}, not ${ids[place]}.`,
      { field: `input[${index}][${place}]` },
    )
  }

  #surround(content: readonly number[], kept: number): Int32Array {
    const ids = new Int32Array(this.#prefix.length + kept + this.#suffix.length)
    ids.set(this.#prefix)
    for (let i = 0; i < kept; i++) ids[this.#prefix.length + i] = content[i] as number
    ids.set(this.#suffix, this.#prefix.length + kept)
    return ids
  }

  #tooLong(content: Content, index: number): InputTooLongError {
    const { maxTokens } = this.#config
    const tokens = content.isWhole
      ? String(content.ids.length + this.#prefix.length + this.#suffix.length)
      : `more than ${maxTokens}`
    return new InputTooLongError(
      `input[${index}] has ${tokens} tokens; the model takes ${maxTokens}. Shorten it, or allow truncation.`,
      { field: `input[${index}]` },
    )
  }
}

/** Replaces halves of surrogate pairs by U+FFFD. (Node 20 has this method; the language version compiled for does not.) */
function toWellFormed(text: string): string {
  return (text as unknown as { toWellFormed(): string }).toWellFormed()
}

/** The package's own types do not resolve under Node's rules of modules. */
function idsOf(tokenizer: Tokenizer, text: string, withSpecialTokens: boolean): number[] {
  return tokenizer.encode(text, { add_special_tokens: withSpecialTokens }).ids as number[]
}

/** What the tokenizer puts before and after the tokens of a text. */
function specialTokensAround(tokenizer: Tokenizer): [prefix: number[], suffix: number[]] {
  const content = idsOf(tokenizer, 'a', false)
  const all = idsOf(tokenizer, 'a', true)
  const start = all.findIndex((_, index) => content.every((id, i) => all[index + i] === id))
  return [all.slice(0, start), all.slice(start + content.length)]
}
