import fc from '../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { evenPieces, stretches } from './text-stretches.ts'

describe('stretches', () => {
  it('are cut at white space', () => {
    expect([...stretches('one two three four', 8)]).toEqual(['one two ', 'three ', 'four'])
  })

  it('of a text without white space are as long as they may be', () => {
    expect([...stretches('x'.repeat(20), 8)].map((stretch) => stretch.length)).toEqual([8, 8, 4])
  })

  it('never cut a character in two', () => {
    for (const stretch of stretches('😀'.repeat(20), 7)) expect(stretch).toMatch(/^(😀)+$/u)
  })

  it('joined are the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.integer({ min: 2, max: 50 }),
        (text, length) => {
          const parts = [...stretches(text, length)]
          expect(parts.join('')).toBe(text)
          for (const part of parts) expect(part.length).toBeLessThanOrEqual(length)
        },
      ),
    )
  })
})

describe('even pieces', () => {
  it('are as few as can be, and of nearly the same length', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000 }), fc.integer({ min: 1, max: 256 }), (count, room) => {
        const ids = Array.from({ length: count }, (_, i) => i)
        const pieces = [...evenPieces(ids, room)]
        expect(pieces.flat()).toEqual(ids)
        expect(pieces).toHaveLength(Math.ceil(count / room))
        const lengths = pieces.map((piece) => piece.length)
        if (count > 0) expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1)
      }),
    )
  })
})
