/**
 * What two codes of the same language have in common, whatever system they are of: ISO 639-1 (`hi`), ISO 639-3, the codes of
 * FLORES (`hin_Deva`) and of M2M100 (`__hi__`). `zh`, `zho_Hans` and `zh-CN` are one, `zho_Hant` and `zh-TW` another.
 * @returns Language and script, `hi-Deva`; the code itself in lower case where it is none.
 */
export function languageKey(code: string): string {
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
