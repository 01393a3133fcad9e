import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { languageKey, shortCode } from '../kernel/language-codes.ts'
import type { TranslationInfo, TranslationSettings } from './model.ts'

type Targets = TranslationInfo['targets']

/** Names of languages as M2M100 (`__hi__`) and NLLB (`hin_Deva`) have them among their tokens. */
const LANGUAGE_TOKEN = /^(?:__[a-z]{2,4}__|[a-z]{3}_[A-Z][a-z]{3})$/

/**
 * What a translator translates from and into, without loading it: what the configuration says, else its manifest, its tokenizer's
 * settings, or the languages among its tokens. Codes are the shortest usual ones.
 */
export function translationTargets(folder: string, languages: TranslationSettings['languages']): Targets {
  const settings = optionalJson(folder, 'tokenizer_config.json')
  return (
    targetsOf(languages) ??
    targetsOf(optionalJson(folder, 'manifest.json')['languages']) ??
    targetsOf({ source: settings['source_lang'], target: settings['target_lang'] }) ??
    targetsAmong(settings) ??
    targetsAmong(optionalJson(folder, 'special_tokens_map.json')) ??
    {}
  )
}

function targetsAmong(settings: Record<string, unknown>): Targets | undefined {
  const tokens = codesOf(settings['additional_special_tokens']).filter((token) => LANGUAGE_TOKEN.test(token))
  return targetsOf({ source: tokens, target: tokens })
}

function targetsOf(languages: unknown): Targets | undefined {
  const { source, target } = (languages ?? {}) as { source?: unknown; target?: unknown }
  const [sources, targets] = [codesOf(source), codesOf(target)]
  if (sources.length === 0 || targets.length === 0) return undefined
  const into = targets.map((code) => ({ key: languageKey(code), short: shortCode(code) }))
  return Object.fromEntries(
    sources.map((from) => [
      shortCode(from),
      into.filter(({ key }) => key !== languageKey(from)).map(({ short }) => short),
    ]),
  )
}

function codesOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((code) => typeof code === 'string' && code !== '') as string[]
}

/** Empty where there is none, or not a readable one: what is wrong with it is said by the load. */
function optionalJson(folder: string, name: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>
  } catch {
    return {}
  }
}
