/** A code is shorter; what is longer may be a text out of a request, and is looked up nowhere. */
const LONGEST_CODE = 64
/** More than the codes of the largest models. */
const MOST_KNOWN = 1_000

/** What was looked up already: that takes 20 µs, and a model of 200 languages has 40,000 pairs. */
const known = new Map<string, string>()

/**
 * What two codes of the same language have in common, whatever system they are of: ISO 639-1 (`hi`), ISO 639-3, the codes of
 * FLORES (`hin_Deva`) and of M2M100 (`__hi__`). `zh`, `zho_Hans` and `zh-CN` are one, `zho_Hant` and `zh-TW` another.
 * @returns Language and script, `hi-Deva`; the code itself in lower case where it is none, and as it is where it is too long for one.
 */
export function languageKey(code: string): string {
  const found = known.get(code)
  if (found !== undefined) return found
  if (code.length > LONGEST_CODE) return code
  if (known.size === MOST_KNOWN) known.clear()
  const key = lookUp(code)
  known.set(code, key)
  return key
}

export function isSameLanguage(a: string, b: string): boolean {
  return languageKey(a) === languageKey(b)
}

function lookUp(code: string): string {
  try {
    const { language, script } = new Intl.Locale(tagOf(code)).maximize()
    return script === undefined ? language : `${language}-${script}`
  } catch {
    return code.toLowerCase()
  }
}

/** The shortest usual code: ISO 639-1 where there is one, with the script where it is not the usual one. */
export function shortCode(code: string): string {
  try {
    const { language, script } = new Intl.Locale(tagOf(code)).maximize()
    const usual = new Intl.Locale(language).maximize().script
    return script === undefined || script === usual ? language : `${language}-${script}`
  } catch {
    return code.toLowerCase()
  }
}

/** As BCP 47 writes it, and by its preferred language: `hin` becomes `hi`. */
function tagOf(code: string): string {
  const plain = code.replace(/^__(\w+)__$/, '$1').replaceAll('_', '-')
  return Intl.getCanonicalLocales(plain)[0] as string
}
