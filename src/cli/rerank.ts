import { InputTooLongError, InvalidInputError, type RerankOptions } from '../index.ts'
import { systemClock } from '../kernel/clock.ts'
import { countFlag } from './count-flag.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { inOrder } from './in-order.ts'
import { runJob, type Job, type JobParts } from './job.ts'
import { Progress } from './progress.ts'
import { openTexts, type SourceText, type TextSource } from './text-source.ts'

export interface RerankFlags {
  model: string
  dtype?: string
  topN?: string
  maxTokensPerDoc?: string
  rawScores?: true
  withText?: true
  jsonl?: true
}

/** Orders `parameters`, or standard input, by how well they answer the query. */
export async function rerank(
  query: string,
  parameters: readonly string[],
  flags: RerankFlags,
): Promise<ExitCode> {
  if (parameters.length === 0 && process.stdin.isTTY) {
    throw new CommandError(
      EXIT.usage,
      'Nothing to rerank: give documents or .jsonl files after the query, or pipe lines in. See leasehold rerank --help.',
    )
  }
  if (query.trim() === '') throw new CommandError(EXIT.usage, 'The query, the first argument, is empty.')
  const options: RerankOptions = {
    maxTokensPerDoc: countFlag('--max-tokens-per-doc', flags.maxTokensPerDoc),
    rawScores: flags.rawScores === true,
  }
  const topN = countFlag('--top-n', flags.topN) ?? Infinity
  const source = openTexts(parameters, process.stdin, flags.jsonl === true)
  return runJob(flags.model, flags, new RerankJob(query, source, options, topN, flags.withText === true))
}

/** Documents of one call, and calls that are begun: enough for the engine to choose batches of like length from. */
const [DOCUMENTS_PER_CALL, CALLS_AHEAD] = [64, 4]

interface Scored extends SourceText {
  readonly index: number
  readonly score: number
}

/** A score does not depend on the other documents, so they are read and scored at the same time, some of them at once. */
class RerankJob implements Job {
  readonly #query: string
  readonly #source: TextSource
  readonly #options: RerankOptions
  readonly #topN: number
  readonly #withText: boolean
  #read = 0
  #scored = 0

  constructor(query: string, source: TextSource, options: RerankOptions, topN: number, withText: boolean) {
    this.#query = query
    this.#source = source
    this.#options = options
    this.#topN = topN
    this.#withText = withText
  }

  async run(parts: JobParts): Promise<void> {
    const { texts, totalBytes } = this.#source
    const { output, signal } = parts
    const progress = new Progress(process.stderr, systemClock, totalBytes)
    let best: Scored[] = []
    const begin = (part: readonly SourceText[]): Promise<Scored[]> => this.#score(part, parts)
    try {
      for await (const scored of inOrder(inParts(texts), begin, { ahead: CALLS_AHEAD, signal })) {
        best = [...best, ...scored]
          .sort((a, b) => b.score - a.score || a.index - b.index)
          .slice(0, this.#topN)
        this.#scored += scored.length
        progress.update(this.#scored, scored.at(-1)?.readBytes ?? 0)
      }
    } finally {
      progress.clear()
    }
    for (const item of best) await output.write(this.#lineOf(item))
  }

  describeStop(): string {
    return `Stopped after ${this.#scored} documents; an order needs all of them.`
  }

  async #score(part: readonly SourceText[], { runtime, model, signal }: JobParts): Promise<Scored[]> {
    const first = this.#read
    this.#read += part.length
    const documents = part.map(({ text }) => text)
    try {
      const { results } = await runtime.rerank(model, this.#query, documents, { ...this.#options, signal })
      return results.map(({ index, score }) => ({
        ...(part[index] as SourceText),
        index: first + index,
        score,
      }))
    } catch (error) {
      const isAboutTheQuery = error instanceof InvalidInputError || error instanceof InputTooLongError
      throw isAboutTheQuery ? new CommandError(EXIT.failed, error.message, { cause: error }) : error
    }
  }

  #lineOf({ index, id, score, text }: Scored): string {
    return JSON.stringify({
      index,
      ...(id !== undefined && { id }),
      score,
      ...(this.#withText && { text }),
    })
  }
}

async function* inParts(texts: AsyncIterable<SourceText>): AsyncGenerator<SourceText[]> {
  let part: SourceText[] = []
  for await (const text of texts) {
    part.push(text)
    if (part.length < DOCUMENTS_PER_CALL) continue
    yield part
    part = []
  }
  if (part.length > 0) yield part
}
