import fc from '../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { cutBatch, type BatchLimits } from './batch-cut.ts'
import type { WaitingItem } from './waiting-item.ts'

const OVERHEAD_TOKENS = 20
const LIMITS: BatchLimits = { maxPaddedTokens: 512, maxItems: 64, overheadTokens: OVERHEAD_TOKENS }

const itemOf = (tokens: number): WaitingItem => ({
  tokens,
  priority: 1,
  arrivedAtMs: 0,
  deadlineAtMs: Infinity,
  tenant: '',
  place: undefined,
})

const lengths = (batch: readonly WaitingItem[]): number[] => batch.map((text) => text.tokens)

/** What it costs to run all texts, batch by batch as the cut says. */
function costOfCutting(tokens: readonly number[], limits: BatchLimits): number {
  let waiting = tokens.map(itemOf)
  let cost = 0
  while (waiting.length > 0) {
    const batch = cutBatch(waiting, waiting[0] as WaitingItem, limits)
    cost += OVERHEAD_TOKENS + Math.max(...lengths(batch)) * batch.length
    waiting = waiting.filter((text) => !batch.includes(text))
  }
  return cost
}

/** The least that any cut of the sorted lengths costs, by trying them all. */
function leastCost(sorted: readonly number[], limits: BatchLimits): number {
  if (sorted.length === 0) return 0
  let least = Infinity
  for (let count = 1; count <= sorted.length; count++) {
    const longest = sorted[count - 1] as number
    const fits = count === 1 || (count <= limits.maxItems && longest * count <= limits.maxPaddedTokens)
    if (fits)
      least = Math.min(least, OVERHEAD_TOKENS + longest * count + leastCost(sorted.slice(count), limits))
  }
  return least
}

describe('cutBatch', () => {
  it('prefers company to padding as long as it pays', () => {
    const window = [60, 58, 61, 20, 200].map(itemOf)
    expect(lengths(cutBatch(window, window[0] as WaitingItem, LIMITS))).toEqual([58, 60, 61])
  })

  it('comes out shortest first', () => {
    const window = [30, 31, 29].map(itemOf)
    expect(lengths(cutBatch(window, window[0] as WaitingItem, LIMITS))).toEqual([29, 30, 31])
  })

  it('does not pad a short text to the length of long ones because they are there', () => {
    const window = [3, 19, 51, 67].map(itemOf)
    expect(lengths(cutBatch(window, window[0] as WaitingItem, LIMITS))).toEqual([3, 19])
  })

  it('costs no more in all than the best cut there is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 300 }), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 6 }),
        (tokens, maxPaddedTokens, maxItems) => {
          const limits = { maxPaddedTokens, maxItems, overheadTokens: OVERHEAD_TOKENS }
          const sorted = [...tokens].sort((a, b) => a - b)
          expect(costOfCutting(tokens, limits)).toBe(leastCost(sorted, limits))
        },
      ),
      { numRuns: 300 },
    )
  })
})
