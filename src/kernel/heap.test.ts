import { describe, expect, it } from 'vitest'
import { Random } from '../../test/scenarios/random.ts'
import { Heap, type HeapEntry } from './heap.ts'

interface Item extends HeapEntry {
  key: number
}

function item(key: number): Item {
  return { key, heapIndex: -1 }
}

function newHeap(...keys: number[]): { heap: Heap<Item>; items: Item[] } {
  const heap = new Heap<Item>((a, b) => a.key - b.key)
  const items = keys.map(item)
  for (const it of items) heap.push(it)
  return { heap, items }
}

function drain(heap: Heap<Item>): number[] {
  const keys: number[] = []
  for (let first = heap.pop(); first !== undefined; first = heap.pop()) keys.push(first.key)
  return keys
}

describe('a heap', () => {
  it('gives its entries in order', () => {
    const { heap } = newHeap(5, 3, 8, 1, 9, 2, 7, 4, 6, 0)
    expect(heap.size).toBe(10)
    expect(heap.peek()?.key).toBe(0)
    expect(drain(heap)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(heap.size).toBe(0)
  })

  it('that is empty has no first', () => {
    const { heap } = newHeap()
    expect(heap.peek()).toBeUndefined()
    expect(heap.pop()).toBeUndefined()
    expect(heap.size).toBe(0)
  })

  it('knows what is in it, and takes any of them out', () => {
    const { heap, items } = newHeap(1, 2, 3, 4, 5)
    const [first, , third] = items as [Item, Item, Item]
    expect(heap.has(third)).toBe(true)
    expect(heap.remove(third)).toBe(true)
    expect(third.heapIndex).toBe(-1)
    expect(heap.has(third)).toBe(false)
    expect(heap.remove(third)).toBe(false)
    expect(heap.remove(first)).toBe(true)
    expect(drain(heap)).toEqual([2, 4, 5])
  })

  it('does not take an entry of another heap for its own', () => {
    const { heap } = newHeap(1, 2)
    const other = newHeap(1, 2)
    expect(heap.has(other.items[0] as Item)).toBe(false)
    expect(heap.remove(other.items[0] as Item)).toBe(false)
    expect([heap.size, other.heap.size]).toEqual([2, 2])
  })

  it('refuses an entry that is in a heap', () => {
    const { heap, items } = newHeap(1)
    expect(() => heap.push(items[0] as Item)).toThrow('in a heap already')
    expect(() => newHeap().heap.push(items[0] as Item)).toThrow('in a heap already')
    heap.remove(items[0] as Item)
    heap.push(items[0] as Item)
    expect(heap.size).toBe(1)
  })

  it('moves an entry whose key has changed, up or down', () => {
    const { heap, items } = newHeap(10, 20, 30, 40, 50, 60, 70)
    ;(items[6] as Item).key = 5
    heap.update(items[6] as Item)
    expect(heap.peek()).toBe(items[6])
    ;(items[6] as Item).key = 45
    heap.update(items[6] as Item)
    expect(drain(heap)).toEqual([10, 20, 30, 40, 45, 50, 60])
    heap.update(items[0] as Item)
    expect(heap.size, 'what is not in it is not put in').toBe(0)
  })

  it('shows its entries', () => {
    const { heap, items } = newHeap(2, 1, 3)
    expect(new Set(heap.values())).toEqual(new Set(items))
  })

  it('keeps every place right through any pushes, removals and moves', () => {
    const random = new Random(7)
    const { heap } = newHeap()
    const inside: Item[] = []
    for (let step = 0; step < 3_000; step++) {
      const any = inside[random.below(Math.max(1, inside.length))]
      if (any === undefined || random.chance(0.4)) {
        const added = item(random.below(100))
        heap.push(added)
        inside.push(added)
      } else if (random.chance(0.5)) {
        heap.remove(any)
        inside.splice(inside.indexOf(any), 1)
      } else {
        any.key = random.below(100)
        heap.update(any)
      }
      const entries = heap.values()
      expect(heap.size).toBe(inside.length)
      entries.forEach((entry, index) => {
        if (entry.heapIndex !== index) expect.unreachable(`place ${entry.heapIndex} at ${index}`)
        const parent = entries[(index - 1) >> 1]
        if (index > 0 && parent !== undefined && parent.key > entry.key) expect.unreachable('out of order')
      })
    }
  })

  it('of 100,000 compares a logarithmic number of times for each operation', () => {
    let comparisons = 0
    const heap = new Heap<Item>((a, b) => {
      comparisons++
      return a.key - b.key
    })
    const items = Array.from({ length: 100_000 }, (_, index) => item((index * 7_919) % 100_003))
    for (const it of items) heap.push(it)
    const most = 2 * Math.ceil(Math.log2(100_000)) + 2
    const costOf = (step: () => unknown): number => {
      comparisons = 0
      step()
      return comparisons
    }
    for (const index of [0, 1, 2, 50_000, 99_999]) {
      const entry = items[index] as Item
      expect(costOf(() => heap.remove(entry))).toBeLessThanOrEqual(most)
      entry.key = -1
      expect(costOf(() => heap.push(entry))).toBeLessThanOrEqual(most)
      entry.key = 1e9
      expect(costOf(() => heap.update(entry))).toBeLessThanOrEqual(most)
      expect(costOf(() => heap.pop())).toBeLessThanOrEqual(most)
    }
  })
})
