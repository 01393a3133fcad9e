import { InputTooLongError, InvalidInputError } from '../index.ts'
import { languageKey } from '../kernel/language-codes.ts'
import { systemClock } from '../kernel/clock.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { inOrder } from './in-order.ts'
import { runJob, type Job, type JobParts } from './job.ts'
import { BUNDLED_TRANSLATORS } from './model-folder.ts'
import { Progress } from './progress.ts'
import { openTexts, type SourceText, type TextSource } from './text-source.ts'

export interface TranslateFlags {
  from: string
  to: string
  model?: string
  dtype?: string
  json?: true
  withText?: true
  jsonl?: true
}

/** Translates `parameters`, or standard input, until there is no more, the reader is gone or a signal comes. */
export async function translate(parameters: readonly string[], flags: TranslateFlags): Promise<ExitCode> {
  if (parameters.length === 0 && process.stdin.isTTY) {
    throw new CommandError(
      EXIT.usage,
      'Nothing to translate: give texts or .jsonl files, or pipe lines in. See leasehold translate --help.',
    )
  }
  const { from, to, json, withText, jsonl } = flags
  const source = openTexts(parameters, process.stdin, jsonl === true)
  const isJson = json ?? withText ?? jsonl ?? parameters.some((parameter) => parameter.endsWith('.jsonl'))
  const job = new TranslateJob(source, { source: from, target: to }, isJson, withText === true)
  return runJob(flags.model ?? bundledFolder(from, to), flags, job)
}

function bundledFolder(from: string, to: string): string {
  for (const [pair, folder] of BUNDLED_TRANSLATORS) {
    const [source, target] = pair.split('-') as [string, string]
    if (languageKey(source) === languageKey(from) && languageKey(target) === languageKey(to)) return folder
  }
  const pairs = [...BUNDLED_TRANSLATORS.keys()].join(', ')
  throw new CommandError(
    EXIT.usage,
    `No model that comes with Leasehold translates ${from} into ${to}; there is ${pairs}. Name a folder with --model.`,
  )
}

/** Texts that are begun and not yet written: enough for the engine to choose batches of like length from. */
const TEXTS_AHEAD = 128

interface Translated extends SourceText {
  translation: string
}

/** Reads, translates and writes at the same time, in the order of the input, with a bounded number of texts in memory. */
class TranslateJob implements Job {
  readonly #source: TextSource
  readonly #languages: { source: string; target: string }
  readonly #isJson: boolean
  readonly #withText: boolean
  #written = 0

  constructor(
    source: TextSource,
    languages: { source: string; target: string },
    isJson: boolean,
    withText: boolean,
  ) {
    this.#source = source
    this.#languages = languages
    this.#isJson = isJson
    this.#withText = withText
  }

  async run(parts: JobParts): Promise<void> {
    const { output, signal } = parts
    const { texts, totalBytes } = this.#source
    const progress = new Progress(process.stderr, systemClock, totalBytes)
    const begin = (text: SourceText): Promise<Translated> => this.#begin(text, parts)
    try {
      for await (const done of inOrder(texts, begin, { ahead: TEXTS_AHEAD, signal })) {
        await output.write(this.#isJson ? this.#lineOf(done) : done.translation)
        this.#written++
        progress.update(this.#written, done.readBytes)
      }
    } finally {
      progress.clear()
    }
  }

  describeStop(): string {
    return `Stopped after ${this.#written} texts; all their translations are written.`
  }

  async #begin(text: SourceText, { runtime, model, signal }: JobParts): Promise<Translated> {
    try {
      const { texts } = await runtime.translate(model, text.text, { ...this.#languages, signal })
      return { ...text, translation: texts[0] as string }
    } catch (error) {
      const isAboutTheText = error instanceof InvalidInputError || error instanceof InputTooLongError
      throw isAboutTheText
        ? new CommandError(EXIT.failed, `${text.origin}: ${error.message}`, { cause: error })
        : error
    }
  }

  #lineOf({ id, text, translation }: Translated): string {
    return JSON.stringify({
      index: this.#written,
      ...(id !== undefined && { id }),
      ...(this.#withText && { text }),
      translation,
    })
  }
}
