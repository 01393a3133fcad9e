import fc from '../../../test/support/fast-check.ts'
import { expect, it } from 'vitest'
import type { Increment } from '../backend.ts'
import { coalesce } from './coalesced.ts'

/** What the script does with the parts, or undefined where it refuses them. */
function carriedOut(parts: readonly string[], start: ReadonlyMap<string, number>): number[] | undefined {
  const values = new Map(start)
  const finals: number[] = []
  for (let i = 0; i < parts.length; i += 3) {
    const [key = '', by, span] = parts.slice(i, i + 3)
    const value = values.get(key) ?? 0
    if (span !== '' && (value % 1 !== 0 || Math.abs(value) + Number(span) >= 2 ** 53)) return undefined
    values.set(key, value + Number(by))
    finals.push(value + Number(by))
  }
  return finals
}

const amounts = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
  fc.constantFrom(2 ** 52, -(2 ** 52), 2 ** 53, 1e300),
)
const increments = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), by: amounts }), {
  minLength: 1,
  maxLength: 12,
})

it('gives every increment the sum that it has when they come one after the other', () => {
  let refused = 0
  fc.assert(
    fc.property(increments, fc.array(amounts, { maxLength: 3 }), (increments, starts) => {
      const start = new Map(starts.map((value, i) => ['abc'[i] as string, value]))
      const { parts, sumsOf } = coalesce(increments)
      const finals = carriedOut(parts, start)
      if (finals === undefined) return void refused++
      const values = new Map(start)
      const expected = increments.map(({ key, by }) => {
        const sum = (values.get(key) ?? 0) + by
        values.set(key, sum)
        return sum
      })
      // Minus zero is stored as zero.
      expect(sumsOf(finals).map((sum) => sum + 0)).toEqual(expected.map((sum) => sum + 0))
    }),
    { numRuns: 2_000 },
  )
  expect(refused).toBeGreaterThan(0)
})

it('sends whole numbers for one key as one', () => {
  const increments: Increment[] = Array.from({ length: 100 }, (_, i) => ({
    key: 'n',
    by: i % 2 === 0 ? 3 : -1,
  }))
  expect(coalesce(increments).parts).toEqual(['n', '100', '200'])
})
