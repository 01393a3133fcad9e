import fc from '../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { parseJson } from './json-body.ts'

const parse = (text: string): unknown => parseJson(Buffer.from(text))

describe('parseJson', () => {
  it('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 10 }), (text) => {
        expect(parse(text)).toEqual(JSON.parse(text))
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('counts nothing that stands in a string', () => {
    const brackets = '[{,'.repeat(200_000)
    const value = ['\\', brackets, `\\"${brackets}\\\\"${brackets}`]
    expect(parse(JSON.stringify(value))).toEqual(value)
  })

  it.each([
    ['', 'is empty'],
    ['{', 'is not valid JSON'],
    ['"open', 'is not valid JSON'],
    ['"\\"', 'is not valid JSON'],
    ['[1,]', 'is not valid JSON'],
    ['{"a":1 b}', 'is not valid JSON (at character 7)'],
    ['NaN', 'is not valid JSON'],
    ['['.repeat(65) + ']'.repeat(65), 'is nested deeper than 64 levels'],
    [`[${'[],'.repeat(100_000)}[]]`, 'has more than 100000 objects and arrays'],
    [`[${'1,'.repeat(500_000)}1]`, 'has more than 500000 values'],
  ])('refuses %.20s…', (text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  it('takes what is just within the limits', () => {
    expect(() => parse('['.repeat(64) + ']'.repeat(64))).not.toThrow()
    expect(() => parse(`[${'1,'.repeat(499_998)}1]`)).not.toThrow()
  })

  it('refuses bytes that are no text, and tells nothing of those that are', () => {
    expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow('is not valid UTF-8')
    expect(() => parse('{"key": secret words}')).toThrow(
      /^The body is not valid JSON( \(at character \d+\))?\.$/,
    )
  })
})
