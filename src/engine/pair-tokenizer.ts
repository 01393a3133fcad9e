import { InputTooLongError, ModelLoadError } from '../kernel/errors.ts'
import { ContentTokenizer, type PairTemplate } from './content-tokenizer.ts'
import type { CrossEncoderConfig } from './cross-encoder-config.ts'
import type { ModelFolder } from './model-folder.ts'
import type { RunItem } from './run-item.ts'

/** The beginning of every pair of one query, and how many tokens of a document fit after it. */
export interface EncodedQuery {
  readonly ids: readonly number[]
  /** Where tokens of the second type begin; undefined where there is no such type. */
  readonly secondFrom: number | undefined
  readonly room: number
}

export interface EncodedPair extends RunItem {
  /** Whether tokens of the document were left out to keep to a limit. */
  readonly isTruncated: boolean
}

/**
 * Puts a query and a document together as the model's tokenizer does: `[CLS] query [SEP] document [SEP]` for BERT,
 * `<s> query </s></s> document </s>` for RoBERTa. The query is tokenised once for all its documents. Only the document is
 * ever cut, and the special tokens stay whatever is cut.
 */
export class PairTokenizer {
  readonly #tokenizer: ContentTokenizer
  readonly #config: CrossEncoderConfig
  readonly #template: PairTemplate

  /** @throws ModelLoadError when `tokenizer.json` is missing, of an unknown kind, or not for pairs. */
  constructor(folder: ModelFolder, config: CrossEncoderConfig) {
    this.#tokenizer = new ContentTokenizer(folder)
    this.#config = config
    const template = this.#tokenizer.pairTemplate()
    if (template === undefined) {
      throw new ModelLoadError(
        `${folder.path}/tokenizer.json does not say what comes between two texts, so the model cannot read pairs.`,
      )
    }
    this.#template = template
  }

  /** @throws InputTooLongError naming `query` when no token of a document would fit beside it. */
  encodeQuery(query: string): EncodedQuery {
    const { prefix, middle, suffix, middleOfFirst } = this.#template
    const { maxTokens, hasTokenTypes } = this.#config
    const special = prefix.length + middle.length + suffix.length
    const content = this.#tokenizer.contentOf(query, maxTokens - special)
    const room = maxTokens - special - content.ids.length
    if (room < 1) {
      const tokens = content.isWhole ? String(content.ids.length) : `more than ${maxTokens - special}`
      throw new InputTooLongError(
        `query has ${tokens} tokens and leaves no room for a document: the model takes ${maxTokens} for both, ` +
          `${special} special ones among them. Shorten it.`,
        { field: 'query' },
      )
    }
    const secondFrom =
      hasTokenTypes && middleOfFirst !== undefined
        ? prefix.length + content.ids.length + middleOfFirst
        : undefined
    return { ids: [...prefix, ...content.ids, ...middle], secondFrom, room }
  }

  /** @param maxDocumentTokens Special tokens are not counted; `Infinity` for no limit but the model's. */
  encodePair(query: EncodedQuery, document: string, maxDocumentTokens: number): EncodedPair {
    const { suffix } = this.#template
    const room = Math.min(query.room, maxDocumentTokens)
    const content = this.#tokenizer.contentOf(document, room)
    const kept = Math.min(content.ids.length, room)
    const ids = new Int32Array(query.ids.length + kept + suffix.length)
    ids.set(query.ids)
    for (let i = 0; i < kept; i++) ids[query.ids.length + i] = content.ids[i] as number
    ids.set(suffix, query.ids.length + kept)
    return { ids, secondFrom: query.secondFrom, isTruncated: content.ids.length > room }
  }
}
