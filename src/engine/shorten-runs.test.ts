import { describe, expect, it } from 'vitest'
import { shortenRuns } from './shorten-runs.ts'

describe('what is left out', () => {
  it.each([
    ['one sign repeated', `a${'.'.repeat(9)}b`, 'a...b'],
    ['white space', `a${' '.repeat(9)}b`, 'a   b'],
    ['the rest of a long word, of whatever letters', 'abc123XYZ, def', 'abc, def'],
    ['accents and control characters in it', 'abcd\u0301\u0302e\0f.', 'abc.'],
    ['pictures', '😀😁😂🤣😃 a', '😀😁😂 a'],
    ['marks that are repeated', `a${'\u0301'.repeat(9)}bc`, 'a\u0301\u0301\u0301bc'],
    ['runs at both ends', '.....a.....', '...a...'],
  ])('is %s', (_, text, expected) => {
    expect(shortenRuns(text, 3)).toBe(expected)
  })

  it.each(['abc   abc', 'abc.abc.abc', '漢字漢字漢字', 'a\u0301b\u0302c\u0303', ''])(
    'is nothing of %j',
    (text) => {
      expect(shortenRuns(text, 3)).toBe(text)
    },
  )
})
