import { makeTexts } from './texts.mjs'

export const DOCUMENTS = 20

/** Short queries, each with 20 documents of mixed lengths. */
export function makeRequests(count, seed) {
  const queries = makeTexts('short', count, seed)
  const documents = makeTexts('mixed', count * DOCUMENTS, seed + 1)
  return queries.map((query, place) => ({
    query,
    documents: documents.slice(place * DOCUMENTS, (place + 1) * DOCUMENTS),
  }))
}
