import type { TargetRow } from '../../engine/translation/target-rows.ts'
import { loadTextProcessor } from '../../engine/translation/text-processor.ts'
import { TranslationModel } from '../../engine/translation/translation-model.ts'
import { isSameLanguage, languageKey } from '../../kernel/language-codes.ts'
import { InvalidInputError, ModelLoadError } from '../../kernel/errors.ts'
import type { LanguagePair, TranslateRequestOptions, TranslationInfo } from '../protocol.ts'
import type { ThreadLoadOptions, ThreadModel } from './thread-model.ts'
import { TranslateJob, type Translator } from './translate-job.ts'

/** So many languages are named in a message; some models have 200. */
const MOST_NAMED = 20

/** @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted. */
export async function loadTranslator(options: ThreadLoadOptions): Promise<ThreadModel<TargetRow>> {
  const { targets, textProcessing } = options.translation
  const processor = await loadTextProcessor(textProcessing)
  const model = await TranslationModel.load(options)
  const { tokenizer, config, isBatchInvariant, givesRowsEarly } = model
  const maxTokens = config.maxSourceTokens
  try {
    checkTokens(model, targets, options.folder)
  } catch (error) {
    model.release()
    throw error
  }
  const translator: Translator = { tokenizer, maxTokens, processor }
  return {
    description: { tasks: ['translate'], translation: { targets, maxTokens } },
    isBatchInvariant,
    givesRowsEarly,
    get nativeBytes() {
      return model.nativeBytes
    },
    createJob(request, nowMs, tell) {
      if (request.type === 'translate')
        return new TranslateJob(request, translator, languagesOf(request.options, targets), nowMs, tell)
      throw new InvalidInputError(`The model cannot ${request.type}; it can translate.`)
    },
    run: (items, cancellation, sink, isWanted) => model.run(items, cancellation, sink, isWanted),
    release: () => model.release(),
  }
}

/** A model of several languages must have a token for each that it is said to translate. */
function checkTokens(
  { tokenizer }: TranslationModel,
  targets: TranslationInfo['targets'],
  folder: string,
): void {
  const { languages } = tokenizer
  if (languages === undefined) return
  const isBeside = languages.style === 'source-and-first'
  const wanted = Object.entries(targets).flatMap(([source, into]) => (isBeside ? [source, ...into] : into))
  const lacking = wanted.find((code) => !languages.ids.has(languageKey(code)))
  if (lacking === undefined && wanted.length > 0) return
  const known = languages.codes.join(', ')
  throw new ModelLoadError(
    lacking === undefined
      ? `${folder} does not say which of its languages it translates: name them under "languages". It has ${known}.`
      : `${folder} has no token for the language ${lacking}. It has ${known}.`,
  )
}

/** What was asked for; of a model of one pair, that pair. @throws InvalidInputError that says which are served */
function languagesOf(
  { source, target }: TranslateRequestOptions,
  targets: TranslationInfo['targets'],
): LanguagePair {
  const sources = Object.keys(targets)
  // Nothing is known of it, and so nothing can be wrong; the language says how sentences end.
  if (sources.length === 0) return { source: source ?? 'und', target: target ?? 'und' }
  const from = source === undefined ? sources : sources.filter((code) => isSameLanguage(code, source))
  const pairs = from.flatMap((code) =>
    (targets[code] ?? [])
      .filter((into) => target === undefined || isSameLanguage(into, target))
      .map((into) => ({ source: code, target: into })),
  )
  const [pair] = pairs
  if (pair !== undefined && (pairs.length === 1 || (source !== undefined && target !== undefined)))
    return pair
  const served = sources
    .slice(0, MOST_NAMED)
    .map((code) => `${code} into ${targets[code]?.slice(0, MOST_NAMED).join(', ')}`)
    .join('; ')
  const field = from.length === 0 ? 'source' : 'target'
  throw new InvalidInputError(
    `The model does not translate ${source ?? 'this'} into ${target ?? 'a language that was not named'}. It translates ${served}.`,
    { field },
  )
}
