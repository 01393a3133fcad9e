import { floatsToJson } from '../http/float-text.ts'
import type { EmbedOptions } from '../index.ts'
import { countFlag } from './count-flag.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { runJob } from './job.ts'
import { TextJob, type TextWork } from './text-job.ts'
import { openTexts } from './text-source.ts'

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
  return runJob(flags.model, flags, new TextJob(source, embedding(options, flags.withText === true)))
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

const TEXTS_AHEAD = 256

/** A line for each text. */
function embedding(options: EmbedOptions, withText: boolean): TextWork<Float32Array> {
  return {
    ahead: TEXTS_AHEAD,
    async answer(text, { runtime, model, signal }) {
      const { vectors } = await runtime.embed(model, text, { ...options, signal })
      return vectors[0] as Float32Array
    },
    lineOf(vector, { id, text }, index) {
      const fields = { index, ...(id !== undefined && { id }), ...(withText && { text }) }
      return `${JSON.stringify(fields).slice(0, -1)},"embedding":${floatsToJson(vector)}}`
    },
    written: 'texts; all their lines are written',
  }
}
