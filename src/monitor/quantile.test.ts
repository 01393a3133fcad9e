import { expect, test } from 'vitest'
import { quantileOf } from './quantile.ts'

const buckets = [
  { upperBound: 1, count: 0 },
  { upperBound: 2, count: 50 },
  { upperBound: 4, count: 90 },
  { upperBound: Infinity, count: 100 },
]

test.each([
  [0.5, 2],
  [0.25, 1.5],
  [0.7, 3],
  [0.9, 4],
  [0.99, 4],
])('quantile %s of the buckets is %s', (quantile, value) => {
  expect(quantileOf(buckets, quantile)).toBeCloseTo(value)
})

test('a histogram without values has none', () => {
  expect(quantileOf([], 0.5)).toBe(0)
  expect(quantileOf([{ upperBound: Infinity, count: 0 }], 0.5)).toBe(0)
})
