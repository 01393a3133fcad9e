import fc from '../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { lateInteraction, normalizeRows } from './late-interaction.ts'

const row = (...values: number[]): number[] => values
const states = (...rows: number[][]): Float32Array => Float32Array.from(rows.flat())

describe('late interaction', () => {
  it('is the mean over the query of the best cosine in the document', () => {
    const query = states(row(1, 0), row(0, 1))
    // The first token finds cosine 1, the second 0.8; rows of the document have any length.
    const document = states(row(3, 4), row(5, 0))
    expect(lateInteraction(query, document, 2)).toBeCloseTo((1 + 0.8) / 2, 6)
  })

  it('does not depend on the length of the query', () => {
    const [query, document] = [states(row(0.6, 0.8)), states(row(1, 0), row(1, 1))]
    const twice = states(row(0.6, 0.8), row(0.6, 0.8))
    expect(lateInteraction(twice, document, 2)).toBeCloseTo(lateInteraction(query, document, 2), 6)
  })

  it('is 0 without tokens, and below 0 where everything points the other way', () => {
    expect(lateInteraction(states(), states(row(1, 0)), 2)).toBe(0)
    expect(lateInteraction(states(row(1, 0)), states(), 2)).toBe(0)
    expect(lateInteraction(states(row(1, 0)), states(row(0, 0)), 2)).toBe(0)
    expect(lateInteraction(states(row(1, 0)), states(row(-2, 0)), 2)).toBe(-1)
  })

  it('is what the definition says, for any number of tokens', () => {
    const value = fc.float({ min: -8, max: 8, noNaN: true })
    const matrix = (size: number): fc.Arbitrary<number[][]> =>
      fc.array(fc.array(value, { minLength: size, maxLength: size }), { minLength: 1, maxLength: 7 })
    const pair = fc.integer({ min: 1, max: 5 }).chain((size) => fc.tuple(matrix(size), matrix(size)))
    fc.assert(
      fc.property(pair, ([query, document]) => {
        const size = query[0]?.length as number
        const rows = states(...query)
        normalizeRows(rows, size)
        expect(lateInteraction(rows, states(...document), size)).toBeCloseTo(byDefinition(query, document), 4)
      }),
    )
  })

  it('lets nothing hide a state that is not a number', () => {
    const query = states(row(1, 0), row(0, 1))
    for (const bad of [Number.NaN, Infinity]) {
      for (const tokens of [1, 2, 3, 4]) {
        const document = states(...Array.from({ length: tokens }, (_, i) => row(i === 0 ? bad : 1, 1)))
        expect(Number.isFinite(lateInteraction(query, document, 2))).toBe(false)
      }
    }
  })
})

function byDefinition(query: readonly number[][], document: readonly number[][]): number {
  const best = query.map((token) => Math.max(...document.map((other) => cosine(token, other))))
  return best.reduce((sum, value) => sum + value, 0) / best.length
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const lengths = Math.hypot(...a) * Math.hypot(...b)
  return lengths === 0 ? 0 : a.reduce((sum, value, i) => sum + value * (b[i] as number), 0) / lengths
}
