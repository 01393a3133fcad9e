import { Tokenizer } from '@huggingface/tokenizers'
import { InputTooLongError, InvalidInputError, ModelLoadError } from '../kernel/errors.ts'
import type { EmbeddingConfig } from './embedding-config.ts'
import type { ModelFolder } from './model-folder.ts'

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

/** Surrogates without their other half, which no encoding of Unicode can write. */
const LONE_SURROGATES = /\p{Surrogate}/gu

/** Turns inputs into ids of tokens, by `tokenizer.json`; truncation and padding settings of that file are ignored. */
export class TextTokenizer {
  readonly #tokenizer: Tokenizer
  readonly #config: EmbeddingConfig
  readonly #prefix: readonly number[]
  readonly #suffix: readonly number[]
  readonly #vocabularySize: number

  /** @throws ModelLoadError when `tokenizer.json` is missing or of an unknown kind. */
  constructor(folder: ModelFolder, config: EmbeddingConfig) {
    this.#config = config
    const description = folder.json('tokenizer.json')
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
    this.#vocabularySize = this.#tokenizer.get_vocab().size
  }

  /**
   * @param index Its place in the request, for messages.
   * @throws InputTooLongError, InvalidInputError naming `input[index]`
   */
  encode(input: string | readonly number[], index: number, options: EncodeOptions): EncodedText {
    const prompt = this.#config.prompts[options.inputType]
    const content =
      typeof input === 'string'
        ? this.#tokenise(prompt + input)
        : [...this.#tokenise(prompt), ...this.#checkIds(input, index)]
    const room = this.#config.maxTokens - this.#prefix.length - this.#suffix.length
    if (content.length > room && !options.truncate) throw this.#tooLong(content.length, index)
    return {
      ids: this.#surround(content, Math.min(content.length, room)),
      isTruncated: content.length > room,
    }
  }

  #tokenise(text: string): number[] {
    const wellFormed = text.replace(LONE_SURROGATES, '\uFFFD')
    return idsOf(this.#tokenizer, wellFormed, false)
  }

  #checkIds(ids: readonly number[], index: number): readonly number[] {
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

  #tooLong(contentTokens: number, index: number): InputTooLongError {
    const tokens = contentTokens + this.#prefix.length + this.#suffix.length
    return new InputTooLongError(
      `input[${index}] has ${tokens} tokens; the model takes ${this.#config.maxTokens}. Shorten it, or allow truncation.`,
      { field: `input[${index}]` },
    )
  }
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
