import { describe, expect, it } from 'vitest'
import { LinkedList } from './linked-list.ts'

describe('a linked list', () => {
  it('is empty at first', () => {
    const list = new LinkedList<string>()
    expect([list.size, list.first, list.last, [...list]]).toEqual([0, undefined, undefined, []])
  })

  it('keeps the order in which values were appended', () => {
    const list = new LinkedList<string>()
    for (const value of ['a', 'b', 'a']) list.append(value)
    expect([list.size, list.first, list.last]).toEqual([3, 'a', 'a'])
    expect([...list]).toEqual(['a', 'b', 'a'])
  })

  it.each([
    ['the first', 0, ['b', 'c']],
    ['one in the middle', 1, ['a', 'c']],
    ['the last', 2, ['a', 'b']],
  ])('lets go of %s', (_which, index, rest) => {
    const list = new LinkedList<string>()
    const nodes = ['a', 'b', 'c'].map((value) => list.append(value))
    list.unlink(nodes[index] as (typeof nodes)[number])
    expect([...list]).toEqual(rest)
    expect([list.size, list.first, list.last]).toEqual([2, rest[0], rest[1]])
    expect(nodes[index]).toMatchObject({ previous: undefined, next: undefined })
    list.append('d')
    expect([...list]).toEqual([...rest, 'd'])
  })

  it('is empty again without its last value, and can be filled anew', () => {
    const list = new LinkedList<number>()
    list.unlink(list.append(1))
    expect([list.size, list.first, list.last, [...list]]).toEqual([0, undefined, undefined, []])
    list.append(2)
    expect([list.size, list.first, list.last, [...list]]).toEqual([1, 2, 2, [2]])
  })
})
