import { describe, expect, it } from 'vitest'
import type { GenerationConfig } from './generation-config.ts'
import { nextToken } from './token-choice.ts'

const CONFIG: GenerationConfig = {
  startToken: 0,
  endTokens: new Set([1]),
  padToken: 0,
  maxLength: 6,
  lastToken: undefined,
  firstToken: undefined,
  suppressed: [],
  suppressedAtFirst: [],
  badSequences: [],
  maxSourceTokens: 10,
  heads: 1,
  headSize: 1,
  vocabularySize: 5,
}
/** What is chosen from logits that rise with the token. */
const choose = (ids: number[], config: Partial<GenerationConfig>, promptLength = 1): number | undefined =>
  nextToken(Float32Array.of(0, 1, 2, 3, 4), ids, promptLength, { ...CONFIG, ...config })

describe('the next token', () => {
  it('is the most probable one, the first of equals', () => {
    expect(choose([], {})).toBe(4)
    expect(nextToken(Float32Array.of(1, 7, 7, 0, 0), [], 1, CONFIG)).toBe(1)
  })

  it('is never one that is suppressed, nor at first one that is suppressed there', () => {
    expect(choose([2], { suppressed: [4, 3] })).toBe(2)
    expect(choose([], { suppressedAtFirst: [4] })).toBe(3)
    expect(choose([2], { suppressedAtFirst: [4] })).toBe(4)
    // The language of the target stands before what counts as the first.
    expect(choose([2], { suppressedAtFirst: [4] }, 2)).toBe(3)
  })

  it('never ends a sequence that is not wanted', () => {
    const config = { badSequences: [[2, 3, 4]] }
    expect(choose([2, 3], config)).toBe(3)
    expect(choose([3], config)).toBe(4)
    expect(choose([3, 2], config)).toBe(4)
  })

  it('is the one that has to be last where the limit is', () => {
    expect(choose([2, 2, 2, 2], { lastToken: 1 })).toBe(1)
    expect(choose([2, 2, 2], { lastToken: 1 })).toBe(4)
  })

  it('is none where no logit is a number', () => {
    expect(nextToken(new Float32Array(5).fill(NaN), [], 1, CONFIG)).toBeUndefined()
    expect(nextToken(Float32Array.of(NaN, 2, NaN, 1, NaN), [], 1, CONFIG)).toBe(1)
  })
})
