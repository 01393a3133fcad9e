import { InputTooLongError, InvalidInputError } from '../index.ts'
import { systemClock } from '../kernel/clock.ts'
import { CommandError, EXIT } from './exit-code.ts'
import { inOrder } from './in-order.ts'
import type { Job, JobParts } from './job.ts'
import { Progress } from './progress.ts'
import type { SourceText, TextSource } from './text-source.ts'

/** What a command does with each text. */
export interface TextWork<Answer> {
  /** Texts that are begun and not yet written: enough for the engine to choose batches of like length from. */
  readonly ahead: number
  readonly answer: (text: string, parts: JobParts) => Promise<Answer>
  /** What is written of it; `index` counts the texts from 0. */
  readonly lineOf: (answer: Answer, text: SourceText, index: number) => string
  /** What people are told when they stop it: "texts; all their lines are written". */
  readonly written: string
}

/** Reads, computes and writes at the same time, in the order of the input, with a bounded number of texts in memory. */
export class TextJob<Answer> implements Job {
  readonly #source: TextSource
  readonly #work: TextWork<Answer>
  #written = 0

  constructor(source: TextSource, work: TextWork<Answer>) {
    this.#source = source
    this.#work = work
  }

  async run(parts: JobParts): Promise<void> {
    const { output, signal } = parts
    const { texts, totalBytes } = this.#source
    const { ahead, lineOf } = this.#work
    const progress = new Progress(process.stderr, systemClock, totalBytes)
    const begin = async (text: SourceText): Promise<{ text: SourceText; answer: Answer }> => ({
      text,
      answer: await this.#answer(text, parts),
    })
    try {
      for await (const { text, answer } of inOrder(texts, begin, { ahead, signal })) {
        await output.write(lineOf(answer, text, this.#written))
        this.#written++
        progress.update(this.#written, text.readBytes)
      }
    } finally {
      progress.clear()
    }
  }

  describeStop(): string {
    return `Stopped after ${this.#written} ${this.#work.written}.`
  }

  async #answer(text: SourceText, parts: JobParts): Promise<Answer> {
    try {
      return await this.#work.answer(text.text, parts)
    } catch (error) {
      const isAboutTheText = error instanceof InvalidInputError || error instanceof InputTooLongError
      throw isAboutTheText
        ? new CommandError(EXIT.failed, `${text.origin}: ${error.message}`, { cause: error })
        : error
    }
  }
}
