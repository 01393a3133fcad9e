/** The share of the query's words that the document has, without regard to case: 0 to 1. What a fake model reranks by. */
export function fakeScore(query: string, document: string): number {
  const wanted = new Set(wordsOf(query))
  const present = new Set(wordsOf(document))
  return wanted.size === 0 ? 0 : [...wanted].filter((word) => present.has(word)).length / wanted.size
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/\S+/g) ?? []
}
