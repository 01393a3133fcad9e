/**
 * How well a document answers a query, by late interaction: for each token of the query the best cosine among the tokens
 * of the document, and the mean of these over the query. It is the MaxSim of O. Khattab and M. Zaharia, "ColBERT" (SIGIR
 * 2020, https://arxiv.org/abs/2004.12832), divided by the number of tokens of the query so that queries of any length
 * have scores of one range, -1 to 1.
 *
 * @param query `[tokens, size]` row-major, each row of length 1: see `normalizeRows`.
 * @param document `[tokens, size]` row-major, rows of any length.
 * @returns 0 where either side has no tokens; NaN or an infinity where the states are not finite.
 */
export function lateInteraction(query: Float32Array, document: Float32Array, size: number): number {
  const queryTokens = query.length / size
  const documentTokens = document.length / size
  if (queryTokens === 0 || documentTokens === 0) return 0
  const best = new Float64Array(queryTokens).fill(-Infinity)
  // Two tokens of each side at a time: every value that is loaded serves two products, which halves the time.
  let token = 0
  for (; token + 2 <= documentTokens; token += 2) raiseByTwo(best, query, document, token * size, size)
  if (token < documentTokens) raiseByOne(best, query, document, token * size, size)
  let total = 0
  for (const cosine of best) total += cosine
  return total / queryTokens
}

/** Scales each row of `[rows, size]` to length 1, in place. A row of zeros stays one. */
export function normalizeRows(states: Float32Array, size: number): void {
  for (let start = 0; start < states.length; start += size) {
    const scale = scaleOf(states, start, size)
    for (let i = start; i < start + size; i++) states[i] = (states[i] as number) * scale
  }
}

/** Raises the best cosine of each token of the query by the two tokens of the document from `start` on. */
function raiseByTwo(
  best: Float64Array,
  query: Float32Array,
  document: Float32Array,
  start: number,
  size: number,
): void {
  const next = start + size
  const scale = scaleOf(document, start, size)
  const nextScale = scaleOf(document, next, size)
  let row = 0
  for (; row + 2 <= best.length; row += 2) {
    const upper = row * size
    const lower = upper + size
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let i = 0; i < size; i++) {
      const first = document[start + i] as number
      const second = document[next + i] as number
      const above = query[upper + i] as number
      const below = query[lower + i] as number
      a += above * first
      b += above * second
      c += below * first
      d += below * second
    }
    raise(best, row, Math.max(a * scale, b * nextScale))
    raise(best, row + 1, Math.max(c * scale, d * nextScale))
  }
  if (row === best.length) return
  const last = row * size
  raise(
    best,
    row,
    Math.max(
      dot(query, last, document, start, size) * scale,
      dot(query, last, document, next, size) * nextScale,
    ),
  )
}

function raiseByOne(
  best: Float64Array,
  query: Float32Array,
  document: Float32Array,
  start: number,
  size: number,
): void {
  const scale = scaleOf(document, start, size)
  for (let row = 0; row < best.length; row++)
    raise(best, row, dot(query, row * size, document, start, size) * scale)
}

/** What is not a number stays: `Math.max` passes it on. */
function raise(best: Float64Array, row: number, cosine: number): void {
  best[row] = Math.max(best[row] as number, cosine)
}

function dot(a: Float32Array, aStart: number, b: Float32Array, bStart: number, size: number): number {
  let sum = 0
  for (let i = 0; i < size; i++) sum += (a[aStart + i] as number) * (b[bStart + i] as number)
  return sum
}

/** What brings a row to length 1; 0 for a row of zeros. */
function scaleOf(states: Float32Array, start: number, size: number): number {
  let sum = 0
  for (let i = start; i < start + size; i++) sum += (states[i] as number) ** 2
  return sum === 0 ? 0 : 1 / Math.sqrt(sum)
}
