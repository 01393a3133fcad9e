import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const CANDIDATES = 20

/**
 * Questions with 20 candidates each: the paragraph that answers it and its neighbours in the text, which are about the same
 * matter. No method had a part in choosing them, so that none is put at a disadvantage by it.
 *
 * @returns {{ query: string, documents: string[], right: number }[]}
 */
export function rankingSet() {
  const file = join(import.meta.dirname, '..', 'data', 'rerank-docs.json')
  const { passages, queries } = JSON.parse(readFileSync(file, 'utf8'))
  return queries.map(({ query, right }) => {
    const first = Math.max(0, Math.min(passages.length - CANDIDATES, right - CANDIDATES / 2))
    return { query, documents: passages.slice(first, first + CANDIDATES), right: right - first }
  })
}

/** The reciprocal of the place at which `right` stands, 0 from the eleventh on; of equal scores it has the last place. */
export function reciprocalRank(scores, right) {
  const place = scores.filter((score, index) => index !== right && score >= scores[right]).length + 1
  return place > 10 ? 0 : 1 / place
}
