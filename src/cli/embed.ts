import { setMaxListeners } from 'node:events'
import { loadConfig } from '../config/load.ts'
import { floatsToJson } from '../http/float-text.ts'
import { createRuntime, InputTooLongError, InvalidInputError } from '../index.ts'
import type { EmbedOptions, EmbedResult } from '../index.ts'
import { systemClock } from '../kernel/clock.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { inOrder } from './in-order.ts'
import { LineOutput } from './line-output.ts'
import { modelFromFolder } from './model-folder.ts'
import { Progress } from './progress.ts'
import { onStopSignal, type StopSignal } from './stop-signals.ts'
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
  const { name, source: model } = modelFromFolder(flags.model, flags)
  const stop = new AbortController()
  // Every text that is begun listens; beyond ten Node would suspect a leak and say so.
  setMaxListeners(0, stop.signal)
  let stoppedBy: StopSignal | undefined
  using _signals = onStopSignal((signal) => {
    stoppedBy = signal
    stop.abort()
  })
  const output = new LineOutput(process.stdout, () => stop.abort())
  await using runtime = await createRuntime(loadConfig([model]).runtime)
  const embedText = (text: string): Promise<EmbedResult> =>
    runtime.embed(name, text, { ...options, signal: stop.signal })
  const job = new EmbedJob(embedText, output, flags.withText === true)
  try {
    await job.run(source, stop.signal)
    return EXIT.ok
  } catch (error) {
    // Whoever reads has enough: nothing is wrong.
    if (output.isGone) return EXIT.ok
    if (stoppedBy === undefined) throw error
    process.stderr.write(`Stopped after ${job.written} texts; all their lines are written.\n`)
    return stoppedBy === 'SIGINT' ? EXIT.interrupted : EXIT.terminated
  } finally {
    process.stdin.destroy()
  }
}

function readOptions({ dimensions, inputType, truncate, chunk }: EmbedFlags): EmbedOptions {
  if (dimensions !== undefined && !(Number.isInteger(Number(dimensions)) && Number(dimensions) >= 1)) {
    throw new CommandError(
      EXIT.usage,
      `--dimensions must be a whole number of at least 1, not "${dimensions}".`,
    )
  }
  if (inputType !== undefined && inputType !== 'query' && inputType !== 'document') {
    throw new CommandError(EXIT.usage, `--input-type must be query or document, not "${String(inputType)}".`)
  }
  if (chunk && !truncate) throw new CommandError(EXIT.usage, '--chunk and --no-truncate exclude each other.')
  const kept = dimensions === undefined ? undefined : Number(dimensions)
  return { truncate: chunk ? 'chunk' : truncate, inputType, dimensions: kept }
}

/** Texts that are begun and not yet written: enough for the engine to choose batches of like length from. */
const TEXTS_AHEAD = 256

/** Reads, embeds and writes at the same time, in the order of the input, with a bounded number of texts in memory. */
class EmbedJob {
  written = 0
  readonly #embed: (text: string) => Promise<EmbedResult>
  readonly #output: LineOutput
  readonly #withText: boolean

  constructor(embedText: (text: string) => Promise<EmbedResult>, output: LineOutput, withText: boolean) {
    this.#embed = embedText
    this.#output = output
    this.#withText = withText
  }

  async run({ texts, totalBytes }: TextSource, signal: AbortSignal): Promise<void> {
    const progress = new Progress(process.stderr, systemClock, totalBytes)
    try {
      for await (const done of inOrder(texts, (text) => this.#begin(text), { ahead: TEXTS_AHEAD, signal })) {
        await this.#output.write(this.#lineOf(done))
        this.written++
        progress.update(this.written, done.readBytes)
      }
    } finally {
      progress.clear()
    }
  }

  async #begin(text: SourceText): Promise<Embedded> {
    try {
      const { vectors } = await this.#embed(text.text)
      return { ...text, vector: vectors[0] as Float32Array }
    } catch (error) {
      const isAboutTheText = error instanceof InvalidInputError || error instanceof InputTooLongError
      throw isAboutTheText
        ? new CommandError(EXIT.failed, `${text.origin}: ${error.message}`, { cause: error })
        : error
    }
  }

  #lineOf({ id, text, vector }: Embedded): string {
    const fields = { index: this.written, ...(id !== undefined && { id }), ...(this.#withText && { text }) }
    return `${JSON.stringify(fields).slice(0, -1)},"embedding":${floatsToJson(vector)}}`
  }
}

interface Embedded extends SourceText {
  vector: Float32Array
}
