import { createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { CommandError, EXIT } from './exit-code.ts'
import { linesOf } from './lines.ts'

/** A text to embed, and where it came from. */
export interface SourceText {
  text: string
  /** The `id` of its JSON line, given back with the vector. */
  id?: string | number
  /** For people: `docs.jsonl:17`. */
  origin: string
  /** What was read of its source so far, for the time that is left. */
  readBytes: number
}

export interface TextSource {
  texts: AsyncIterable<SourceText>
  /** Absent where nobody knows: a pipe. */
  totalBytes?: number
}

/**
 * Where the texts come from: arguments are texts, but for those that end in `.jsonl`, which are files of JSON lines; none,
 * or `-`, is standard input, a text per line (`isJsonLines`: a JSON line). Nothing is held but the line that is read.
 *
 * @throws CommandError for a file that is not there; while reading, for a line that is none
 */
export function openTexts(parameters: readonly string[], input: Readable, isJsonLines: boolean): TextSource {
  const isStdin = parameters.length === 0 || (parameters.length === 1 && parameters[0] === '-')
  if (isStdin) return { texts: isJsonLines ? jsonLines(input, 'standard input') : plainLines(input) }
  const sizes = parameters.map(sizeOf)
  return { texts: inTurn(parameters, sizes), totalBytes: sizes.reduce((total, size) => total + size, 0) }
}

const isFile = (parameter: string): boolean => parameter.endsWith('.jsonl')

function sizeOf(parameter: string): number {
  if (!isFile(parameter)) return Buffer.byteLength(parameter)
  const stat = statSync(parameter, { throwIfNoEntry: false })
  if (stat === undefined) throw new CommandError(EXIT.usage, `The file ${parameter} does not exist.`)
  if (stat.isDirectory())
    throw new CommandError(EXIT.usage, `${parameter} is a folder, not a file of JSON lines.`)
  return stat.size
}

async function* inTurn(parameters: readonly string[], sizes: readonly number[]): AsyncGenerator<SourceText> {
  let doneBytes = 0
  for (const [index, parameter] of parameters.entries()) {
    if (isFile(parameter)) {
      for await (const text of jsonLines(createReadStream(parameter), parameter)) {
        yield { ...text, readBytes: doneBytes + text.readBytes }
      }
    }
    doneBytes += sizes[index] as number
    if (!isFile(parameter)) yield { text: parameter, origin: `argument ${index + 1}`, readBytes: doneBytes }
  }
}

async function* plainLines(input: Readable): AsyncGenerator<SourceText> {
  let line = 0
  for await (const text of linesOf(input)) {
    yield { text, origin: `line ${++line}`, readBytes: 0 }
  }
}

async function* jsonLines(input: Readable, name: string): AsyncGenerator<SourceText> {
  let line = 0
  let readBytes = 0
  for await (const text of linesOf(input)) {
    line++
    readBytes += Buffer.byteLength(text) + 1
    if (text.trim() !== '') yield { ...readJsonLine(text, `${name}:${line}`), readBytes }
  }
}

/** `{"text": …}` or `{"input": …}`, with an `id` or not, or the text alone as a JSON string. */
function readJsonLine(line: string, origin: string): Omit<SourceText, 'readBytes'> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new CommandError(EXIT.failed, `${origin}: this line is not JSON.`)
  }
  if (typeof value === 'string') return { text: value, origin }
  if (typeof value === 'object' && value !== null) {
    const { text, input, id } = value as Record<string, unknown>
    const found = text ?? input
    const known = typeof id === 'string' || typeof id === 'number' ? { id } : {}
    if (typeof found === 'string') return { text: found, origin, ...known }
  }
  throw new CommandError(EXIT.failed, `${origin}: a line must be {"text": "…"} or {"input": "…"}.`)
}
