import fc from '../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { floatsToBase64, floatsToJson } from './float-text.ts'

const roundTrip = (values: Float32Array): Float32Array =>
  Float32Array.from(JSON.parse(floatsToJson(values)) as number[])

describe('floatsToJson', () => {
  it('gives back the same float32, whatever its size', () => {
    const anyFloat = fc.float({ noNaN: true, noDefaultInfinity: true })
    const component = fc.float({ min: -1, max: 1, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.oneof(anyFloat, component), { maxLength: 64 }), (numbers) => {
        const values = Float32Array.from(numbers)
        // JSON writes -0 as 0: the only value that changes.
        expect(roundTrip(values)).toEqual(values.map((value) => value + 0))
      }),
      { numRuns: 2000, seed: 1 },
    )
  })

  it('gives back the floats beside each border between two ways of writing', () => {
    const bits = new Uint32Array(1)
    const float = new Float32Array(bits.buffer)
    for (const border of [1, 2 ** -6, 2 ** -15]) {
      float[0] = border
      const borderBits = bits[0] as number
      for (let step = -2000; step <= 2000; step++) {
        bits[0] = borderBits + step
        expect(roundTrip(float)[0]).toBe(float[0])
      }
    }
  })

  it('writes 9 or 12 decimals, and other sizes as JSON does', () => {
    expect(floatsToJson(Float32Array.of(0.5, -0.01, 0, 2))).toBe('[0.500000000,-0.009999999776,0,2]')
    expect(floatsToJson(new Float32Array())).toBe('[]')
  })

  it('grows with the vector', () => {
    const values = new Float32Array(5000).fill(-1.1754943508222875e-38)
    expect(roundTrip(values)).toEqual(values)
  })
})

describe('floatsToBase64', () => {
  it('reads a view on a part of a buffer', () => {
    const all = Float32Array.of(1, 2, 3, 4)
    const bytes = Buffer.from(floatsToBase64(all.subarray(1, 3)), 'base64')
    expect([bytes.readFloatLE(0), bytes.readFloatLE(4), bytes.length]).toEqual([2, 3, 8])
  })
})
