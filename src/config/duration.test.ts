import { describe, expect, it } from 'vitest'
import { parseDurationMs } from './duration.ts'

describe('parseDurationMs', () => {
  it.each([
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1.5s', 1500],
    ['.5s', 500],
    ['1000us', 1],
    ['-1m', Infinity],
    [-1, Infinity],
    ['-1', Infinity],
    [0, 0],
    ['0', 0],
    ['0s', 0],
    [300, 300_000],
    ['300', 300_000],
  ])('%j is %d ms', (value, expected) => {
    expect(parseDurationMs(value)).toBeCloseTo(expected, 9)
  })

  it.each(['', ' ', 'soon', '5 m', '5d', 'm5', '5m!', 'Infinity', Number.NaN, Infinity])(
    '%j is none',
    (value) => {
      expect(parseDurationMs(value)).toBeUndefined()
    },
  )
})
