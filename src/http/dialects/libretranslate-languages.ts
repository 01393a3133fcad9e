import { InvalidInputError } from '../../kernel/errors.ts'
import { languageKey } from '../../kernel/language-codes.ts'
import type { LanguagePair } from '../../registry/model.ts'
import type { Translator } from '../../services/runtime.ts'

/** An entry of `GET /languages`. */
export interface LanguageEntry {
  readonly code: string
  readonly name: string
  readonly targets: readonly string[]
}

/** Codes of LibreTranslate's own, beside the standard ones. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['pb', 'pt-BR'],
  ['zh', 'zh-Hans'],
  ['zt', 'zh-Hant'],
])

const NAMES = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' })

/** The languages that the translators serve together, as LibreTranslate's clients name them. */
export class ServedLanguages {
  readonly entries: readonly LanguageEntry[]
  /** Whatever is translated, from or into. */
  readonly #keys: ReadonlySet<string>

  constructor(translators: readonly Translator[]) {
    const targets = new Map<string, Set<string>>()
    for (const translator of translators) {
      for (const [source, into] of Object.entries(translator.targets)) {
        const known = targets.get(wireCode(source)) ?? new Set<string>()
        for (const target of into) known.add(wireCode(target))
        targets.set(wireCode(source), known)
      }
    }
    this.entries = [...targets]
      .map(([code, into]) => ({ code, name: nameOf(code), targets: [...into].sort() }))
      .sort((a, b) => a.name.localeCompare(b.name))
    this.#keys = new Set(this.entries.flatMap(({ code, targets: into }) => [code, ...into]).map(keyOf))
  }

  /** A text of no language at all is given out as this one. */
  get first(): string {
    return this.entries[0]?.code ?? 'en'
  }

  /**
   * @throws InvalidInputError in the words of LibreTranslate, which some clients show to people
   */
  pair(source: string, target: string): LanguagePair {
    const [sourceKey, targetKey] = [keyOf(source), keyOf(target)]
    const from = this.entries.find(({ code }) => keyOf(code) === sourceKey)
    if (from === undefined) throw unsupported('source', `${shown(source)} is not supported`)
    const into = from.targets.find((code) => keyOf(code) === targetKey)
    if (into !== undefined || sourceKey === targetKey) return { source: from.code, target: into ?? from.code }
    const message = this.#keys.has(targetKey)
      ? `${nameOf(standardCode(target))} (${shown(target)}) is not available as a target language from ${from.name} (${from.code})`
      : `${shown(target)} is not supported`
    throw unsupported('target', message)
  }
}

/** The languages of the translators as they are at each call: made once for the same, since 200 languages take 10 ms. */
export function currentLanguages(translators: () => readonly Translator[]): () => ServedLanguages {
  let known: { readonly translators: readonly Translator[]; readonly languages: ServedLanguages } | undefined
  return () => {
    const now = translators()
    const isTheSame =
      known?.translators.length === now.length &&
      known.translators.every(({ targets }, index) => targets === now[index]?.targets)
    if (known === undefined || !isTheSame) known = { translators: now, languages: new ServedLanguages(now) }
    return known.languages
  }
}

export function isSame(a: string, b: string): boolean {
  return keyOf(a) === keyOf(b)
}

function keyOf(code: string): string {
  return languageKey(standardCode(code))
}

function unsupported(field: string, message: string): InvalidInputError {
  return new InvalidInputError(message, { field })
}

function standardCode(code: string): string {
  return ALIASES.get(code.toLowerCase()) ?? code
}

/** As LibreTranslate writes it: `zh` says which script. */
function wireCode(code: string): string {
  return code === 'zh' ? 'zh-Hans' : code
}

function nameOf(code: string): string {
  try {
    return NAMES.of(code) ?? code
  } catch {
    return code
  }
}

/** A code is short; what is longer is no code, and may be a text. */
function shown(code: string): string {
  return code.slice(0, 20)
}
