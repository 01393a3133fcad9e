import fc from '../../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { Draft, REMOVE } from '../draft.ts'
import { checkLimits } from '../limits.ts'
import { mergeThreeWay } from './three-way-merge.ts'

/** What the session holds after the save. */
function merged(base: object, mine: object, theirs: object, counters: string[] = []): object {
  const draft = new Draft('some', theirs as Record<string, unknown>, checkLimits({}))
  draft.merge(mergeThreeWay(base as never, mine as never, theirs as never, (key) => counters.includes(key)))
  return draft.fields
}

describe('a merge', () => {
  it.each([
    ['keeps what only they changed', { a: 1 }, { a: 1 }, { a: 2, b: 3 }, { a: 2, b: 3 }],
    ['makes what only I changed', { a: 1, b: 1 }, { a: 2, c: 3 }, { a: 1, b: 1 }, { a: 2, c: 3 }],
    ['takes both where they are apart', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 2 }],
    ['puts mine in the place of theirs', { a: 'x' }, { a: 'y' }, { a: 'z' }, { a: 'y' }],
    ['keeps what they changed and I removed', { a: 1 }, {}, { a: 2 }, { a: 2 }],
    ['makes again what I changed and they removed', { a: 1 }, { a: 2 }, {}, { a: 2 }],
    ['keeps both ends of an array', { a: [1] }, { a: [1, 2] }, { a: [1, 3, 4] }, { a: [1, 3, 4, 2] }],
    ['does not mix arrays otherwise', { a: [1] }, { a: [2] }, { a: [1, 3] }, { a: [2] }],
    [
      'merges objects key by key',
      { cart: { x: 1, y: 1, deep: { a: 1 } } },
      { cart: { x: 2, deep: { a: 1, b: 1 } } },
      { cart: { x: 1, y: 1, z: 3, deep: { a: 2 } } },
      { cart: { x: 2, z: 3, deep: { a: 2, b: 1 } } },
    ],
    ['merges objects that both made', {}, { cart: { x: 1 } }, { cart: { y: 2 } }, { cart: { x: 1, y: 2 } }],
  ])('%s', (_what, base, mine, theirs, expected) => {
    expect(merged(base, mine, theirs)).toEqual(expected)
  })

  it('adds both changes of a counter, and only of a counter', () => {
    expect(merged({ n: 1 }, { n: 3 }, { n: 10 }, ['n'])).toEqual({ n: 12 })
    expect(merged({ n: 1 }, { n: 3 }, { n: 10 })).toEqual({ n: 3 })
    expect(merged({}, { n: 1 }, { n: 1 }, ['n'])).toEqual({ n: 2 })
    expect(merged({ n: 'a' }, { n: 'b' }, { n: 'c' }, ['n'])).toEqual({ n: 'b' })
  })

  it('takes __proto__ for a key like any other', () => {
    const mine = JSON.parse('{"__proto__":{"polluted":true},"o":{"__proto__":1}}') as object
    const result = merged({ o: {} }, mine, { o: { a: 1 } }) as Record<string, unknown>
    expect(Object.hasOwn(result, '__proto__')).toBe(true)
    expect(result['polluted']).toBeUndefined()
    expect(JSON.stringify(result['o'])).toBe('{"a":1,"__proto__":1}')
  })

  it('of a session that nobody else changed is my session', () => {
    const object = fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 2 }))
    fc.assert(
      fc.property(object, object, (base, mine) => {
        const plain = (value: object): object => JSON.parse(JSON.stringify(value)) as object
        expect(merged(plain(base), plain(mine), plain(base))).toEqual(plain(mine))
      }),
    )
  })

  it('changes nothing when I changed nothing', () => {
    const update = mergeThreeWay({ a: [1], b: { c: 1 } }, { a: [1], b: { c: 1 } }, { d: 1 })
    expect(update).toEqual({})
    expect(mergeThreeWay({ a: 1 }, {}, { a: 1 })).toEqual({ a: REMOVE })
  })
})
