/** A text cut after each full stop, question mark and exclamation mark, with the white space that follows. */
export function fakeSentences(text: string): string[] {
  return text.match(/[^.!?]*[.!?]*\s*/g)?.filter((sentence) => sentence !== '') ?? []
}

/** What a fake model makes of a sentence: the language around it, `hi(Good morning.) `, and the white space as it was. */
export function fakeTranslation(sentence: string, target: string): string {
  const words = sentence.trimEnd()
  return words === '' ? sentence : `${target}(${words})${sentence.slice(words.length)}`
}
