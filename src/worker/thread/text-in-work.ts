import type { SentencePlan } from '../../engine/translation/sentence-plan.ts'

export interface SentenceInWork {
  /** Which text of the request it is of. */
  readonly text: number
  readonly plan: SentencePlan
  /** Parts that are in the engine. */
  running: number
  isDone: boolean
}

export interface FinishedSentence {
  /** Which of the text it is. */
  readonly sentence: number
  readonly translation: string
}

/** A text while it is translated: its sentences, which may be done in any order and are put together in their own. */
export class TextInWork {
  sourceTokens = 0
  targetTokens = 0
  readonly #sentences: SentenceInWork[] = []
  #finished = 0
  #translation = ''

  /** Of the sentences that are complete from the beginning on. */
  get translation(): string {
    return this.#translation
  }

  add(sentence: SentenceInWork): void {
    this.#sentences.push(sentence)
  }

  /** The sentences that have become complete from the beginning on since this was asked last. */
  takeFinished(): FinishedSentence[] {
    const finished: FinishedSentence[] = []
    let next = this.#sentences[this.#finished]
    while (next?.isDone === true) {
      const { translation } = next.plan
      this.#translation += translation
      finished.push({ sentence: this.#finished, translation })
      next = this.#sentences[++this.#finished]
    }
    return finished
  }
}
