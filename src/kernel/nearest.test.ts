import { describe, expect, it } from 'vitest'
import { nearest } from './nearest.ts'

describe('nearest', () => {
  it.each([
    ['maxConcurent', ['maxConcurrent', 'maxQueue'], 'maxConcurrent'],
    ['prot', ['host', 'port'], 'port'],
    ['ALL-minilm-l6-V2', ['all-MiniLM-L6-v2'], 'all-MiniLM-L6-v2'],
    ['minilm', ['bge-small-en'], undefined],
    ['x', [], undefined],
  ])('%s among %j is %s', (name, candidates, expected) => {
    expect(nearest(name, candidates)).toBe(expected)
  })

  it('takes the first of equally near ones', () => {
    expect(nearest('cat', ['bat', 'hat'])).toBe('bat')
  })

  it('compares a bounded part of a name of any length', () => {
    expect(nearest('a'.repeat(1e7), ['minilm'])).toBeUndefined()
  })
})
