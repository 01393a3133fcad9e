import { describe, expect, it } from 'vitest'
import { isFiniteVector, normalize, pooled } from './pooling.ts'

/** Two texts of up to three tokens, states of size 2: text 1 has two tokens, the third is padding. */
const STATES = Float32Array.of(9, 9, 9, 9, 9, 9, /* text 1 */ 1, 2, 3, 6, 100, 100)

describe('pooled', () => {
  const vectorBy = (mode: 'mean' | 'cls' | 'last-token'): number[] => [
    ...pooled(mode, { values: STATES, start: 6, size: 2, rows: 2 }),
  ]

  it('takes the mean of the tokens that carry text', () => {
    expect(vectorBy('mean')).toEqual([2, 4])
  })
  it('takes the first token for cls', () => {
    expect(vectorBy('cls')).toEqual([1, 2])
  })
  it('takes the last token before the padding for last-token', () => {
    expect(vectorBy('last-token')).toEqual([3, 6])
  })
})

describe('normalize', () => {
  it('scales to length 1', () => {
    const vector = Float32Array.of(3, 4)
    normalize(vector)
    expect(vector[0]).toBeCloseTo(0.6)
    expect(vector[1]).toBeCloseTo(0.8)
  })
  it('leaves zeros alone', () => {
    const vector = Float32Array.of(0, 0)
    normalize(vector)
    expect([...vector]).toEqual([0, 0])
  })
})

describe('isFiniteVector', () => {
  it.each([
    [[1, -2], true],
    [[1, NaN], false],
    [[Infinity, 1], false],
    [[Infinity, -Infinity], false],
    [[3e38, 3e38, 3e38], true],
  ])('of %j is %s', (values, expected) => {
    expect(isFiniteVector(Float32Array.from(values))).toBe(expected)
  })
})
