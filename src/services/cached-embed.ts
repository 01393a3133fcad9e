import { InputTooLongError, InvalidInputError } from '../kernel/errors.ts'
import type { Embeddings, EmbedInput, Model } from '../registry/model.ts'
import { cacheKey, type CachedVector, type ResultCache } from './result-cache.ts'

type Embed = NonNullable<Model['embed']>

/**
 * Looks first, and computes what is not there: the rows of both in input order. An input that fails fails the call, as it
 * does without a cache.
 *
 * @param weights Undefined where the model does not say which weights it has: nothing is looked up or kept then.
 * @param onLookUp Told how many of the inputs were there, and how many not.
 */
export function withCache(
  embed: Embed,
  cache: ResultCache,
  weights: string | undefined,
  onLookUp: (hits: number, misses: number) => void,
): Embed {
  if (weights === undefined) return embed
  return async (inputs, options = {}) => {
    options.signal?.throwIfAborted()
    const keys = inputs.map((input) => cacheKey(weights, input, options))
    const known = keys.map((key) => cache.get(key))
    const missing = [...inputs.keys()].filter((index) => known[index] === undefined)
    onLookUp(inputs.length - missing.length, missing.length)
    if (missing.length === inputs.length) {
      const computed = await embed(inputs, options)
      const rows = rowsOf(computed)
      for (const [index, key] of keys.entries()) cache.set(key, rows[index] as CachedVector)
      return computed
    }
    const subset = missing.map((index) => inputs[index] as EmbedInput)
    let timings = NO_TIME
    if (subset.length > 0) {
      const computed = await embed(subset, options).catch((error: unknown) => {
        // Its message counts the inputs of this call: the whole call says the right number, and nothing of it is lost.
        if (error instanceof InvalidInputError || error instanceof InputTooLongError) return undefined
        throw error
      })
      if (computed === undefined) return embed(inputs, options)
      timings = computed.timings
      const rows = rowsOf(computed)
      for (const [place, index] of missing.entries()) {
        known[index] = rows[place]
        cache.set(keys[index] as string, rows[place] as CachedVector)
      }
    }
    return joined(known as CachedVector[], timings)
  }
}

const NO_TIME: Embeddings['timings'] = { tokeniseMs: 0, queueMs: 0, inferMs: 0 }

/** Copies: the caller may do with the buffer what it likes. */
function rowsOf({ values, dimensions, tokenCounts, truncated }: Embeddings): CachedVector[] {
  const cut = new Set(truncated)
  return tokenCounts.map((tokenCount, row) => ({
    vector: values.slice(row * dimensions, (row + 1) * dimensions),
    tokenCount,
    isTruncated: cut.has(row),
  }))
}

function joined(rows: readonly CachedVector[], timings: Embeddings['timings']): Embeddings {
  const dimensions = rows[0]?.vector.length ?? 0
  const values = new Float32Array(rows.length * dimensions)
  for (const [row, { vector }] of rows.entries()) values.set(vector, row * dimensions)
  const tokenCounts = rows.map(({ tokenCount }) => tokenCount)
  const truncated = rows.flatMap(({ isTruncated }, row) => (isTruncated ? [row] : []))
  return { values, dimensions, tokenCounts, truncated, timings }
}
