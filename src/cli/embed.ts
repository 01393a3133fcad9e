import { floatsToJson } from '../http/float-text.ts'
import { InputTooLongError, InvalidInputError, type EmbedOptions } from '../index.ts'
import { systemClock } from '../kernel/clock.ts'
import { countFlag } from './count-flag.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { inOrder } from './in-order.ts'
import { runJob, type Job, type JobParts } from './job.ts'
import { Progress } from './progress.ts'
import { openTexts, type SourceText, type TextSource } from './text-source.ts'

export interface EmbedFlags {
  model: string
  dtype?: string
  dimensions?: string
  inputType?: 'query' | 'document'
  truncate: boolean
  chunk?: true
  withText?: true
  jsonl?: true
}

/** Embeds `parameters`, or standard input, until there is no more, the reader is gone or a signal comes. */
export async function embed(parameters: readonly string[], flags: EmbedFlags): Promise<ExitCode> {
  if (parameters.length === 0 && process.stdin.isTTY) {
    throw new CommandError(
      EXIT.usage,
      'Nothing to embed: give texts or .jsonl files, or pipe lines in. See leasehold embed --help.',
    )
  }
  const options = readOptions(flags)
  const source = openTexts(parameters, process.stdin, flags.jsonl === true)
  return runJob(flags.model, flags, new EmbedJob(source, options, flags.withText === true))
}

function readOptions({ dimensions, inputType, truncate, chunk }: EmbedFlags): EmbedOptions {
  if (inputType !== undefined && inputType !== 'query' && inputType !== 'document') {
    throw new CommandError(EXIT.usage, `--input-type must be query or document, not "${String(inputType)}".`)
  }
  if (chunk && !truncate) throw new CommandError(EXIT.usage, '--chunk and --no-truncate exclude each other.')
  return {
    truncate: chunk ? 'chunk' : truncate,
    inputType,
    dimensions: countFlag('--dimensions', dimensions),
  }
}

/** Texts that are begun and not yet written: enough for the engine to choose batches of like length from. */
const TEXTS_AHEAD = 256

/** Reads, embeds and writes at the same time, in the order of the input, with a bounded number of texts in memory. */
class EmbedJob implements Job {
  readonly #source: TextSource
  readonly #options: EmbedOptions
  readonly #withText: boolean
  #written = 0

  constructor(source: TextSource, options: EmbedOptions, withText: boolean) {
    this.#source = source
    this.#options = options
    this.#withText = withText
  }

  async run(parts: JobParts): Promise<void> {
    const { output, signal } = parts
    const { texts, totalBytes } = this.#source
    const progress = new Progress(process.stderr, systemClock, totalBytes)
    const begin = (text: SourceText): Promise<Embedded> => this.#begin(text, parts)
    try {
      for await (const done of inOrder(texts, begin, { ahead: TEXTS_AHEAD, signal })) {
        await output.write(this.#lineOf(done))
        this.#written++
        progress.update(this.#written, done.readBytes)
      }
    } finally {
      progress.clear()
    }
  }

  describeStop(): string {
    return `Stopped after ${this.#written} texts; all their lines are written.`
  }

  async #begin(text: SourceText, { runtime, model, signal }: JobParts): Promise<Embedded> {
    try {
      const { vectors } = await runtime.embed(model, text.text, { ...this.#options, signal })
      return { ...text, vector: vectors[0] as Float32Array }
    } catch (error) {
      const isAboutTheText = error instanceof InvalidInputError || error instanceof InputTooLongError
      throw isAboutTheText
        ? new CommandError(EXIT.failed, `${text.origin}: ${error.message}`, { cause: error })
        : error
    }
  }

  #lineOf({ id, text, vector }: Embedded): string {
    const fields = { index: this.#written, ...(id !== undefined && { id }), ...(this.#withText && { text }) }
    return `${JSON.stringify(fields).slice(0, -1)},"embedding":${floatsToJson(vector)}}`
  }
}

interface Embedded extends SourceText {
  vector: Float32Array
}
