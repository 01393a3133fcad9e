import { InputTooLongError, InvalidInputError } from '../kernel/errors.ts'
import { ContentTokenizer, type Content } from './content-tokenizer.ts'
import type { EmbeddingConfig } from './embedding-config.ts'
import type { ModelFolder } from './model-folder.ts'
import { evenPieces } from './text-stretches.ts'

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
  /** Limits the tokens of the text; those of the prompt and special ones are not counted. @default only the model does */
  readonly maxContentTokens?: number
}

/** Turns inputs into what an embedding model takes: ids of tokens, with its prompt and its special tokens. */
export class TextTokenizer {
  readonly #tokenizer: ContentTokenizer
  readonly #config: EmbeddingConfig
  readonly #prefix: readonly number[]
  readonly #suffix: readonly number[]
  readonly #vocabularySize: number

  /** @throws ModelLoadError when `tokenizer.json` is missing or of an unknown kind. */
  constructor(folder: ModelFolder, config: EmbeddingConfig) {
    this.#config = config
    this.#tokenizer = new ContentTokenizer(folder)
    const [prefix, suffix] = this.#tokenizer.specialTokensAround()
    this.#prefix = prefix
    this.#suffix = suffix
    this.#vocabularySize = config.vocabularySize ?? this.#tokenizer.vocabularySize
  }

  /**
   * @param index Its place in the request, for messages.
   * @throws InputTooLongError, InvalidInputError naming `input[index]`
   */
  encode(input: string | readonly number[], index: number, options: EncodeOptions): EncodedText {
    const prompt = this.#config.prompts[options.inputType]
    const room = this.#roomOf(prompt, options.maxContentTokens)
    const content =
      typeof input === 'string'
        ? this.#tokenizer.contentOf(prompt + input, room)
        : this.#joinIds(this.#tokenizer.contentOf(prompt, room), this.#checkIds(input, index))
    const isTooLong = content.ids.length > room
    if (isTooLong && !options.truncate) throw this.#tooLong(content, index)
    return { ids: this.#surround(content.ids, isTooLong ? room : content.ids.length), isTruncated: isTooLong }
  }

  /**
   * The whole of a text in pieces that the model takes, each with its special tokens and the prompt. A long text is
   * tokenised stretch by stretch as the pieces are asked for, so that nobody is held up by it; a stretch without tokens, such as
   * one of white space, gives undefined.
   * @throws InvalidInputError naming `input[index]`
   */
  *encodeChunks(
    input: string | readonly number[],
    index: number,
    inputType: EncodeOptions['inputType'],
  ): Generator<Int32Array | undefined> {
    const room = this.#config.maxTokens - this.#prefix.length - this.#suffix.length
    const prompt = this.#tokenizer.contentOf(this.#config.prompts[inputType], room).ids
    const roomForText = Math.max(1, room - prompt.length)
    let isFirst = true
    for (const content of this.#stretches(input, index)) {
      if (content.length === 0) yield undefined
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
    if (typeof input === 'string') yield* this.#tokenizer.stretchesOf(input, this.#config.maxTokens)
    else yield this.#checkIds(input, index)
  }

  #roomOf(prompt: string, maxContentTokens = Infinity): number {
    const room = this.#config.maxTokens - this.#prefix.length - this.#suffix.length
    if (maxContentTokens >= room) return room
    return Math.min(room, this.#tokenizer.contentOf(prompt, room).ids.length + maxContentTokens)
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
