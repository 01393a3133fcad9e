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

interface SentenceWork {
  readonly text: number
  readonly plan: SentencePlan
  /** Parts that are in the engine. */
  running: number
  isDone: boolean
}

interface RunningPart {
  readonly sentence: SentenceWork
  readonly part: SentencePart
}

/** A text: its sentences in order, of which the first `told` are in `translation`. */
interface TextWork {
  readonly sentences: SentenceWork[]
  told: number
  translation: string
  source: number
  target: number
}

/** Translations of texts, sentence by sentence. */
export class TranslateJob extends Job<TargetRow> {
  readonly #request: TranslateRequest
  readonly #model: Translator
  readonly #languages: LanguagePair
  readonly #tell: (sentence: SentenceDone) => void
  readonly #texts: TextWork[]
  readonly #cut = new Set<number>()
  readonly #items: RunningPart[] = []
  /** Sentences that something got lost of: they go through the model once more, in pieces. */
  readonly #again: SentenceWork[] = []
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
    this.#texts = request.texts.map(() => ({ sentences: [], told: 0, translation: '', source: 0, target: 0 }))
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
    const text = this.#texts[sentence.text] as TextWork
    text.target += row.ids.length
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
      tokenCounts: this.#texts.map(({ source, target }) => ({ source, target })),
      cut: [...this.#cut].sort((a, b) => a - b),
      timings,
    }
    return { message, transfer: [] }
  }

  fieldOf(item: number): string {
    return `texts[${this.#items[item]?.sentence.text}]`
  }

  /** Undefined when the text had no further one. */
  #nextSentence(): SentenceWork | undefined {
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
    this.#texts[text]?.sentences.push(sentence)
    return sentence
  }

  #encodeOpen(sentence: SentenceWork): RunItem[] {
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
      const text = this.#texts[sentence.text] as TextWork
      text.source += item.ids.length
    }
    return items
  }

  /** What is complete from the beginning of the text on is told. */
  #finish(sentence: SentenceWork): void {
    sentence.isDone = true
    this.#unfinished--
    const text = this.#texts[sentence.text] as TextWork
    for (let next = text.sentences[text.told]; next?.isDone === true; next = text.sentences[text.told]) {
      const { translation } = next.plan
      text.translation += translation
      if (this.#request.options.readAhead !== undefined) {
        const { id } = this
        this.#tell({ type: 'sentence', id, text: sentence.text, sentence: text.told, translation })
      }
      text.told++
    }
  }

  #tooLong({ text }: SentenceWork): InputTooLongError {
    const field = `texts[${text}]`
    return new InputTooLongError(`A single character of ${field} has more tokens than the model takes.`, {
      field,
    })
  }
}
