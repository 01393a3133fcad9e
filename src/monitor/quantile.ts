/** A histogram as Prometheus has it: for each upper bound, how many values are not above it. The last bound is +Inf. */
export interface CumulativeBucket {
  upperBound: number
  count: number
}

/**
 * Estimates a quantile: finds its bucket and takes values to lie evenly in it, as `histogram_quantile` of PromQL does.
 * What lies above the last finite bound is told as that bound. 0 for a histogram without values.
 *
 * @param buckets In ascending order.
 * @param quantile 0 to 1.
 */
export function quantileOf(buckets: readonly CumulativeBucket[], quantile: number): number {
  const total = buckets.at(-1)?.count ?? 0
  if (total === 0) return 0
  const rank = quantile * total
  const index = buckets.findIndex(({ count }) => count >= rank)
  const bucket = buckets[index] as CumulativeBucket
  const lower = buckets[index - 1] ?? { upperBound: 0, count: 0 }
  if (bucket.upperBound === Infinity) return lower.upperBound
  const inBucket = bucket.count - lower.count
  const share = inBucket === 0 ? 0 : (rank - lower.count) / inBucket
  return lower.upperBound + (bucket.upperBound - lower.upperBound) * share
}
