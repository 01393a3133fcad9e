import { InvalidInputError } from '../kernel/errors.ts'
import { isSameLanguage } from '../kernel/language-codes.ts'
import type { ModelDefinition } from '../manager/model-spec.ts'
import type { ModelManager } from '../manager/model-manager.ts'
import { hasEncoder } from '../registry/graph-files.ts'
import type { LanguagePair, TranslationInfo } from '../registry/model.ts'
import { translationTargets } from '../registry/translation-targets.ts'

type Targets = TranslationInfo['targets']

/** A model that translates, and what. */
export interface Translator {
  readonly model: string
  /** Each language that it translates from, with those that it translates into. */
  readonly targets: Targets
}

/** So many pairs are named in a message; a model of 200 languages has 40,000. */
const MOST_NAMED = 20

/** What the files of a definition say does not change; a swap makes another definition. */
const known = new WeakMap<ModelDefinition, Targets | undefined>()

/** All models that translate, loaded or not, in the order of the configuration. */
export function translators(manager: ModelManager): Translator[] {
  return manager.names().flatMap((model) => {
    const targets = targetsOf(manager.definition(model))
    return targets === undefined ? [] : [{ model, targets }]
  })
}

/** The model for a pair of languages: the first that translates it. @throws InvalidInputError that says which pairs are served */
export function translatorOf(manager: ModelManager, { source, target }: LanguagePair): string {
  const all = translators(manager)
  const found = all.find(({ targets }) =>
    Object.entries(targets).some(
      ([from, into]) => isSameLanguage(from, source) && into.some((code) => isSameLanguage(code, target)),
    ),
  )
  if (found !== undefined) return found.model
  const pairs = all.flatMap(({ targets }) =>
    Object.entries(targets).flatMap(([from, into]) => into.map((code) => `${from} into ${code}`)),
  )
  const more = pairs.length > MOST_NAMED ? ` and ${pairs.length - MOST_NAMED} more` : ''
  const served = pairs.length === 0 ? 'nothing' : pairs.slice(0, MOST_NAMED).join(', ') + more
  const isKnown = all.some(({ targets }) => Object.keys(targets).some((from) => isSameLanguage(from, source)))
  throw new InvalidInputError(`No model translates ${source} into ${target}. There is: ${served}.`, {
    field: isKnown ? 'target' : 'source',
  })
}

function targetsOf(definition: ModelDefinition): Targets | undefined {
  if (!known.has(definition)) {
    const { source, languages } = definition
    const translates = languages !== undefined || hasEncoder(source)
    known.set(definition, translates ? translationTargets(source, languages) : undefined)
  }
  return known.get(definition)
}
