import type { LanguagePair } from '../index.ts'
import { isSameLanguage } from '../kernel/language-codes.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { runJob } from './job.ts'
import { BUNDLED_TRANSLATORS } from './model-folder.ts'
import { TextJob, type TextWork } from './text-job.ts'
import { openTexts } from './text-source.ts'

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
  const work = translating({ source: from, target: to }, isJson, withText === true)
  return runJob(flags.model ?? bundledFolder(from, to), flags, new TextJob(source, work))
}

function bundledFolder(from: string, to: string): string {
  for (const [pair, folder] of BUNDLED_TRANSLATORS) {
    const [source, target] = pair.split('-') as [string, string]
    if (isSameLanguage(source, from) && isSameLanguage(target, to)) return folder
  }
  const pairs = [...BUNDLED_TRANSLATORS.keys()].join(', ')
  throw new CommandError(
    EXIT.usage,
    `No model that comes with Leasehold translates ${from} into ${to}; there is ${pairs}. Name a folder with --model.`,
  )
}

const TEXTS_AHEAD = 128

/** A line of text for each, or a JSON line. */
function translating(languages: LanguagePair, isJson: boolean, withText: boolean): TextWork<string> {
  return {
    ahead: TEXTS_AHEAD,
    async answer(text, { runtime, model, signal }) {
      const { texts } = await runtime.translate(model, text, { ...languages, signal })
      return texts[0] as string
    },
    lineOf(translation, { id, text }, index) {
      if (!isJson) return translation
      return JSON.stringify({
        index,
        ...(id !== undefined && { id }),
        ...(withText && { text }),
        translation,
      })
    },
    written: 'texts; all their translations are written',
  }
}
