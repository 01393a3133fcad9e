import { hasTags, hasWords, protectedParts, survives } from './protected-parts.ts'
import { cutInTwo, type CutSentence } from './sentence-cut.ts'

/** A piece of a sentence. Of a sentence that goes through the model as a whole, there is one. */
export interface SentencePart {
  readonly text: string
  readonly isFragment: boolean
  /** Undefined while it has to go through the model. */
  translation: string | undefined
}

/** Punctuation that ends a sentence, with quotation marks and brackets after it. */
const SENTENCE_END = /[.!?।॥؟۔。！？…]+["'”’»)\]]*$/u
/** The words of a fragment, with the end of the sentence if it has one. */
const WORDS = /\p{L}(?:.*[\p{L}\p{M}\p{N}])?[.!?।॥؟۔。！？…]*/su

/**
 * One sentence on its way through a model. It is first translated as a whole. Where a placeholder, an address, a picture or a
 * number got lost or was invented on the way, it is translated once more, piece by piece, around what must stay: so that this
 * survives with any model, and costs nothing with good ones.
 */
export class SentencePlan {
  readonly #source: CutSentence
  #parts: SentencePart[]
  #isAround: boolean

  constructor(source: CutSentence) {
    const { sentence } = source
    this.#source = source
    this.#isAround = hasTags(sentence)
    this.#parts = this.#isAround
      ? partsAround(sentence)
      : [hasWords(sentence) ? whole(sentence) : kept(sentence)]
  }

  /** What has to go through the model now; empty when the sentence is done. */
  get open(): SentencePart[] {
    return this.#parts.filter((part) => part.translation === undefined)
  }

  /** For a part with more tokens than the model takes. Answers with the open parts that take its place. */
  cut(long: SentencePart): SentencePart[] {
    const two = cutInTwo(long.text).flatMap((text) => fragment(text))
    this.#parts.splice(this.#parts.indexOf(long), 1, ...two)
    return two.filter((part) => part.translation === undefined)
  }

  /** What the model has made of an open part. Where that is nothing, the part stays as it was. */
  take(part: SentencePart, translation: string): void {
    const like = part.isFragment ? likeSource(part.text, translation) : translation
    part.translation = like === '' ? part.text : like
  }

  /** To be called when nothing is open. Answers whether that is the end; else there are open parts again. */
  review(): boolean {
    const { sentence } = this.#source
    if (this.#isAround || survives(sentence, this.#joined)) return true
    this.#isAround = true
    this.#parts = partsAround(sentence)
    return this.open.length === 0
  }

  /** With the white space around it. */
  get translation(): string {
    return this.#source.before + this.#joined + this.#source.after
  }

  get #joined(): string {
    return this.#parts.map((part) => part.translation ?? part.text).join('')
  }
}

function whole(text: string): SentencePart {
  return { text, isFragment: false, translation: undefined }
}

function kept(text: string): SentencePart {
  return { text, isFragment: true, translation: text }
}

function partsAround(sentence: string): SentencePart[] {
  const parts: SentencePart[] = []
  let end = 0
  for (const { start, end: next } of protectedParts(sentence)) {
    parts.push(...fragment(sentence.slice(end, start)), kept(sentence.slice(start, next)))
    end = next
  }
  return [...parts, ...fragment(sentence.slice(end))]
}

/** What is around the words of a fragment stays. */
function fragment(text: string): SentencePart[] {
  if (text === '') return []
  const words = WORDS.exec(text)
  if (words === null) return [kept(text)]
  const { 0: match, index } = words
  const end = index + match.length
  return [
    kept(text.slice(0, index)),
    { text: match, isFragment: true, translation: undefined },
    kept(text.slice(end)),
  ].filter((part) => part.text !== '')
}

/** A model ends everything like a sentence: what was none in the source is none in the translation. */
function likeSource(source: string, translation: string): string {
  return SENTENCE_END.test(source) ? translation : translation.replace(SENTENCE_END, '')
}
