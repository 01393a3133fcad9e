import type { Timings } from '../kernel/runtime-events.ts'
import type { AcquireOptions } from '../manager/acquire-options.ts'
import type { LanguagePair, TranslatedSentence, Translations } from '../registry/model.ts'
import { SentenceStream } from './sentence-stream.ts'
import { translatorOf } from './translators.ts'
import { given, useModel, type ServiceContext } from './use-model.ts'
import { kindOf, wrong } from './wrong-input.ts'

export interface TranslateOptions extends AcquireOptions {
  /** Which of its languages, for a model that has several and is called by its name. */
  source?: string | undefined
  target?: string | undefined
}

export interface TranslateResult {
  /** One translation for each text, in input order, with the white space and the lines of the text. */
  texts: readonly string[]
  /** Tokens that were read and written for each text, special tokens counted as they were run. */
  tokenCounts: readonly { readonly source: number; readonly target: number }[]
  /** Indices of the texts of which a sentence came to the limit of what the model may write for it. */
  cut: readonly number[]
  /** The name of the model that was taken. */
  model: string
  /** What really served, `en-hi:q8@cpu`; a fallback shows here. */
  servedBy: string
  /** All translations of one call come from this one generation. */
  generation: number
  timings: Timings
}

/** Translations of texts, sentence by sentence. One call holds one lease, so all come from one generation. */
export async function translate(
  context: ServiceContext,
  translator: string | LanguagePair,
  text: string | readonly string[],
  options: TranslateOptions = {},
): Promise<TranslateResult> {
  return run(context, translator, text, options)
}

/**
 * The same, sentence by sentence as they are done: those of one text in their order. Ends early when the loop over it is left,
 * when `options.signal` aborts, and when nobody takes a sentence for half a minute.
 */
export function translateStream(
  context: ServiceContext,
  translator: string | LanguagePair,
  text: string | readonly string[],
  options: TranslateOptions = {},
): AsyncIterableIterator<TranslatedSentence> {
  return new SentenceStream(context.clock, options.signal, async (signal, onSentence) => {
    await run(context, translator, text, { ...options, signal }, onSentence)
  })
}

async function run(
  context: ServiceContext,
  translator: string | LanguagePair,
  text: string | readonly string[],
  options: TranslateOptions,
  onSentence?: (sentence: TranslatedSentence) => Promise<void>,
): Promise<TranslateResult> {
  const languages = pairOf(translator, options)
  const model = typeof translator === 'string' ? translator : translatorOf(context.manager, translator)
  let texts: readonly string[] = []
  const { answer, servedBy, generation, timings } = await useModel<Translations>(
    context,
    model,
    {
      task: 'translate',
      check: () => (texts = asTexts(text)).length,
      run: (loaded, runOptions) =>
        loaded.translate?.(texts, { ...runOptions, ...languages, ...(onSentence && { onSentence }) }),
      tokensOf: ({ tokenCounts }) =>
        tokenCounts.reduce((sum, { source, target }) => sum + source + target, 0),
    },
    options,
  )
  const { texts: translated, tokenCounts, cut } = answer
  return { texts: translated, tokenCounts, cut, model, servedBy, generation, timings }
}

function pairOf(translator: string | LanguagePair, options: TranslateOptions): Partial<LanguagePair> {
  const { source, target } = typeof translator === 'object' && translator !== null ? translator : options
  const isOptional = typeof translator === 'string'
  for (const [field, code] of Object.entries({ source, target })) {
    if ((isOptional && code === undefined) || (typeof code === 'string' && code !== '')) continue
    throw wrong(field, `must be the code of a language, not ${kindOf(code)}`)
  }
  return given({ source, target })
}

function asTexts(text: string | readonly string[]): readonly string[] {
  if (typeof text === 'string') return [text]
  if (!Array.isArray(text)) throw wrong('texts', `must be a text or an array of texts, not ${kindOf(text)}`)
  if (text.length === 0) throw wrong('texts', 'must hold at least one text')
  for (const [index, item] of (text as readonly unknown[]).entries()) {
    if (typeof item !== 'string') throw wrong(`texts[${index}]`, `must be a text, not ${kindOf(item)}`)
  }
  return text as readonly string[]
}
