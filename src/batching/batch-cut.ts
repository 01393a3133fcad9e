import type { WaitingItem } from './waiting-item.ts'

/** What a batch may hold. An item that alone is over the budget runs alone. */
export interface BatchLimits {
  /** Items × length of the longest of them. */
  readonly maxPaddedTokens: number
  readonly maxItems: number
  /** What a run costs beyond its tokens, in tokens. */
  readonly overheadTokens: number
}

/**
 * Chooses what runs together with `leader`. The whole window, sorted by length, is cut into the batches that cost the least
 * together, and the one that holds the leader is taken. Padding is the enemy: batches in order of arrival run at a quarter
 * of the speed.
 *
 * @param window Not empty; holds the leader.
 * @returns Sorted by length, shortest first.
 */
export function cutBatch<T extends WaitingItem>(window: readonly T[], leader: T, limits: BatchLimits): T[] {
  const sorted = [...window].sort((a, b) => a.tokens - b.tokens)
  const starts = cheapestStarts(
    sorted.map((item) => item.tokens),
    limits,
  )
  const place = sorted.indexOf(leader)
  let end = sorted.length
  while ((starts[end] as number) > place) end = starts[end] as number
  return sorted.slice(starts[end], end)
}

/**
 * For each end, where the last batch of the cheapest cut of `lengths[0..end)` starts. A batch costs its padded tokens and
 * the overhead of a run.
 */
function cheapestStarts(lengths: readonly number[], limits: BatchLimits): number[] {
  const starts = [0]
  const costs = [0]
  for (let end = 1; end <= lengths.length; end++) {
    const longest = lengths[end - 1] as number
    const room = Math.max(1, Math.min(limits.maxItems, Math.floor(limits.maxPaddedTokens / longest)))
    starts[end] = end - 1
    costs[end] = Infinity
    for (let start = end - 1; start >= Math.max(0, end - room); start--) {
      const cost = (costs[start] as number) + limits.overheadTokens + longest * (end - start)
      if (cost >= (costs[end] as number)) continue
      starts[end] = start
      costs[end] = cost
    }
  }
  return starts
}
