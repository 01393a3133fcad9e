import { isDeepStrictEqual } from 'node:util'
import fc from '../../test/support/fast-check.ts'
import { expect, it } from 'vitest'
import { isSame, seal } from './value.ts'

const small = fc.jsonValue({ maxDepth: 2 })

it('compares what JSON can say as Node does', () => {
  fc.assert(
    fc.property(small, small, (a, b) => {
      const [one, other] = [a, b].map((value) => seal(value, 'key', 1e6))
      expect(isSame(one, other)).toBe(isDeepStrictEqual(one, other))
      expect(isSame(one, structuredClone(one))).toBe(true)
    }),
    { numRuns: 500 },
  )
})

it.each<[string, unknown, unknown, boolean]>([
  ['keys in another order', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
  ['another key', { a: 1 }, { b: 1 }, false],
  ['a key of the prototype', { toString: 1 }, {}, false],
  ['an undefined key', { a: undefined }, { b: undefined }, false],
  ['an array and an object', [1], { 0: 1 }, false],
  ['an object and an array', { 0: 1 }, [1], false],
  ['a longer array', [1], [1, 2], false],
  ['null and an object', null, {}, false],
  ['a difference inside', { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, false],
  ['the key __proto__', JSON.parse('{"__proto__":1}'), {}, false],
])('%s: %j and %j', (_name, a, b, expected) => {
  expect(isSame(a, b)).toBe(expected)
})
