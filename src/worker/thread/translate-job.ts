import type { RunItem } from '../../engine/run-item.ts'
import { cutSentences, type CutSentence } from '../../engine/translation/sentence-cut.ts'
import { SentencePlan, type SentencePart } from '../../engine/translation/sentence-plan.ts'
import type { SentenceTokenizer } from '../../engine/translation/sentence-tokenizer.ts'
import type { TargetRow } from '../../engine/translation/target-rows.ts'
import { InputTooLongError } from '../../kernel/errors.ts'
import type {
  LanguagePair,
  RunTimings,
  SentenceDone,
  TextProcessor,
  TranslateReply,
  TranslateRequest,
} from '../protocol.ts'
import { Job, type JobReply } from './job.ts'
import { TextInWork, type SentenceInWork } from './text-in-work.ts'

/** What the job needs of the model. */
export interface Translator {
  readonly tokenizer: Pick<SentenceTokenizer, 'encode' | 'decode'>
  /** The most tokens of one sentence. */
  readonly maxTokens: number
  readonly processor: TextProcessor
}

/**
 * Sentences of one request that wait or run at a time: enough for full batches, and few enough that another request, which comes
 * behind them, does not wait for a whole book.
 */
const MOST_UNFINISHED = 128

/** No more characters than this go to the tokenizer as one sentence, for each token that the model takes. */
const CHARACTERS_PER_TOKEN = 8

interface RunningPart {
  readonly sentence: SentenceInWork
  readonly part: SentencePart
}

/** Translations of texts, sentence by sentence. */
export class TranslateJob extends Job<TargetRow> {
  readonly #request: TranslateRequest
  readonly #model: Translator
  readonly #languages: LanguagePair
  readonly #tell: (sentence: SentenceDone) => void
  readonly #texts: readonly TextInWork[]
  readonly #cut = new Set<number>()
  readonly #items: RunningPart[] = []
  /** Sentences that something got lost of: they go through the model once more, in pieces. */
  readonly #again: SentenceInWork[] = []
  #nextText = 0
  /** The sentences of the text that is being cut. */
  #sentences: Iterator<CutSentence> | undefined
  /** How many more sentences may be begun before the caller has read some. */
  #credit: number
  #unfinished = 0

  constructor(
    request: TranslateRequest,
    model: Translator,
    languages: LanguagePair,
    nowMs: number,
    tell: (sentence: SentenceDone) => void,
  ) {
    super(request, nowMs)
    this.#request = request
    this.#model = model
    this.#languages = languages
    this.#tell = tell
    this.#credit = request.options.readAhead ?? Infinity
    this.#texts = request.texts.map(() => new TextInWork())
  }

  get isEncoded(): boolean {
    return this.#nextText === this.#request.texts.length && this.#again.length === 0
  }

  override get isPaused(): boolean {
    const isFull = this.#credit <= 0 || this.#unfinished >= MOST_UNFINISHED
    return isFull && this.#again.length === 0
  }

  override read(sentences: number): void {
    this.#credit += sentences
  }

  encodeNext(): readonly RunItem[] {
    const sentence = this.#again.shift() ?? this.#nextSentence()
    if (sentence === undefined) return []
    const items = this.#encodeOpen(sentence)
    if (sentence.running === 0) this.#finish(sentence)
    return items
  }

  takeRow(item: number, row: TargetRow): void {
    const { sentence, part } = this.#items[item] as RunningPart
    this.#textOf(sentence).targetTokens += row.ids.length
    if (row.isCut) this.#cut.add(sentence.text)
    const written = this.#model.tokenizer.decode(row.ids)
    sentence.plan.take(part, this.#model.processor.postprocess(written, this.#languages))
    if (--sentence.running > 0) return
    if (sentence.plan.review()) this.#finish(sentence)
    else this.#again.push(sentence)
  }

  reply(timings: RunTimings): JobReply {
    const message: TranslateReply = {
      type: 'translated',
      id: this.id,
      texts: this.#texts.map(({ translation }) => translation),
      tokenCounts: this.#texts.map(({ sourceTokens, targetTokens }) => ({
        source: sourceTokens,
        target: targetTokens,
      })),
      cut: [...this.#cut].sort((a, b) => a - b),
      timings,
    }
    return { message, transfer: [] }
  }

  fieldOf(item: number): string {
    return `texts[${this.#items[item]?.sentence.text}]`
  }

  /** Undefined when the text had no further one. */
  #nextSentence(): SentenceInWork | undefined {
    const text = this.#nextText
    this.#sentences ??= cutSentences(
      this.#request.texts[text] as string,
      this.#languages.source,
      this.#model.maxTokens * CHARACTERS_PER_TOKEN,
    )
    const { done, value } = this.#sentences.next()
    if (done === true) {
      this.#sentences = undefined
      this.#nextText++
      return undefined
    }
    this.#credit--
    this.#unfinished++
    const sentence = { text, plan: new SentencePlan(value), running: 0, isDone: false }
    this.#textOf(sentence).add(sentence)
    return sentence
  }

  #encodeOpen(sentence: SentenceInWork): RunItem[] {
    const items: RunItem[] = []
    const waiting = sentence.plan.open
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      const read = this.#model.processor.preprocess(part.text, this.#languages)
      const item = this.#model.tokenizer.encode(read, this.#languages)
      if (item === undefined) {
        if (part.text.length < 2) throw this.#tooLong(sentence)
        waiting.unshift(...sentence.plan.cut(part))
        continue
      }
      items.push(item)
      this.#items.push({ sentence, part })
      sentence.running++
      this.#textOf(sentence).sourceTokens += item.ids.length
    }
    return items
  }

  #finish(sentence: SentenceInWork): void {
    sentence.isDone = true
    this.#unfinished--
    const { id } = this
    for (const done of this.#textOf(sentence).takeFinished()) {
      if (this.#request.options.readAhead === undefined) continue
      this.#tell({ type: 'sentence', id, text: sentence.text, ...done })
    }
  }

  #textOf({ text }: SentenceInWork): TextInWork {
    return this.#texts[text] as TextInWork
  }

  #tooLong({ text }: SentenceInWork): InputTooLongError {
    const field = `texts[${text}]`
    return new InputTooLongError(`A single character of ${field} has more tokens than the model takes.`, {
      field,
    })
  }
}
