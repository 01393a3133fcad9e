import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutBatch } from './batch-cut.ts'
import type { WaitingText } from './waiting-text.ts'

const textOf = (tokens: number): WaitingText => ({
  tokens,
  priority: 1,
  arrivedAtMs: 0,
  deadlineAtMs: Infinity,
  heapIndex: -1,
})

const lengths = (batch: readonly WaitingText[]): number[] => batch.map((text) => text.tokens)

/** Tokens of text for the cost of the run, as the cut weighs it. */
function yieldOf(batch: readonly WaitingText[]): number {
  const longest = Math.max(...lengths(batch))
  return lengths(batch).reduce((sum, tokens) => sum + tokens, 0) / (20 + longest * batch.length)
}

describe('cutBatch', () => {
  it('prefers company to padding as long as it pays', () => {
    const window = [60, 58, 61, 20, 200].map(textOf)
    expect(lengths(cutBatch(window, { maxPaddedTokens: 512, maxTexts: 64 }))).toEqual([58, 60, 61])
  })

  it('comes out shortest first', () => {
    const window = [30, 31, 29].map(textOf)
    expect(lengths(cutBatch(window, { maxPaddedTokens: 512, maxTexts: 64 }))).toEqual([29, 30, 31])
  })

  it('finds the best of all stretches that hold the first text and keep to the limits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 300 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 6 }),
        (tokens, maxPaddedTokens, maxTexts) => {
          const window = tokens.map(textOf)
          const sorted = [...window].sort((a, b) => a.tokens - b.tokens)
          let best = yieldOf([window[0] as WaitingText])
          for (let start = 0; start < sorted.length; start++) {
            for (let end = start + 1; end <= sorted.length; end++) {
              const stretch = sorted.slice(start, end)
              const paddedTokens = (stretch.at(-1) as WaitingText).tokens * stretch.length
              const fits = paddedTokens <= maxPaddedTokens && stretch.length <= maxTexts
              if (fits && stretch.includes(window[0] as WaitingText)) best = Math.max(best, yieldOf(stretch))
            }
          }
          expect(yieldOf(cutBatch(window, { maxPaddedTokens, maxTexts }))).toBeCloseTo(best, 12)
        },
      ),
      { numRuns: 500 },
    )
  })
})
