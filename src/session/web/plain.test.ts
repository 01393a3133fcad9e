import fc from '../../../test/support/fast-check.ts'
import { expect, it } from 'vitest'
import { plain } from './plain.ts'

const throughJson = (value: object): unknown => JSON.parse(JSON.stringify(value))

it('does what JSON does', () => {
  const anything = fc.anything({ withDate: true, withMap: true, withTypedArray: true, withBoxedValues: true })
  fc.assert(
    fc.property(fc.dictionary(fc.string(), anything), (session) => {
      expect(plain(session)).toEqual(throughJson(session))
      expect(JSON.stringify(plain(session))).toBe(JSON.stringify(throughJson(session)))
    }),
    { numRuns: 500 },
  )
})

class Cookie {
  path = '/'
  get extra(): number {
    return 1
  }
}

it.each<[string, object]>([
  ['toJSON, which gets the key', { a: { toJSON: (key: string) => ({ key, skipped: undefined }) } }],
  ['toJSON that answers with another toJSON', { a: { toJSON: () => ({ toJSON: () => 1, b: 2 }) } }],
  [
    'toJSON that answers with undefined',
    { a: { toJSON: () => undefined }, b: [{ toJSON: () => undefined }] },
  ],
  ['an instance of a class', { cookie: new Cookie() }],
  ['a date, also one that is none', { a: new Date(0), b: new Date(NaN) }],
  ['holes and undefined', { a: [, undefined, () => {}], b: undefined }], // oxlint-disable-line no-sparse-arrays
  ['numbers that JSON has not', { a: NaN, b: [Infinity], c: -0 }],
  ['a buffer', { a: Buffer.from('ab') }],
  ['the key __proto__', JSON.parse('{"__proto__":{"a":1}}')],
  ['an array below a hundred others', { a: JSON.parse('['.repeat(100) + ']'.repeat(100)) as unknown }],
])('takes %s as JSON does', (_name, session) => {
  expect(JSON.stringify(plain(session))).toBe(JSON.stringify(throughJson(session)))
})

it('throws as JSON does', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  expect(() => plain(cycle)).toThrow('circular')
  expect(() => plain({ a: 1n })).toThrow('BigInt')
})
