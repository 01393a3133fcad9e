/**
 * A binary heap whose entries know their place, so that any of them can be removed in O(log n): a wait that ends before
 * its deadline leaves nothing behind. An entry is in one heap at most.
 *
 *            0            `order(a, b) < 0` puts a above b;
 *          /   \          entry.heapIndex is its place in the array,
 *         1     2         -1 while it is in no heap.
 *        / \   /
 *       3   4 5
 */
export interface HeapEntry {
  heapIndex: number
}

export class Heap<T extends HeapEntry> {
  readonly #order: (a: T, b: T) => number
  readonly #entries: T[] = []

  constructor(order: (a: T, b: T) => number) {
    this.#order = order
  }

  get size(): number {
    return this.#entries.length
  }

  peek(): T | undefined {
    return this.#entries[0]
  }

  push(entry: T): void {
    if (entry.heapIndex !== -1) throw new Error('The entry is in a heap already.')
    this.#entries.push(entry)
    this.#up(entry, this.#entries.length - 1)
  }

  pop(): T | undefined {
    const first = this.#entries[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  has(entry: T): boolean {
    return this.#entries[entry.heapIndex] === entry
  }

  /** Answers whether the entry was there. */
  remove(entry: T): boolean {
    if (!this.has(entry)) return false
    const index = entry.heapIndex
    const last = this.#entries.pop() as T
    entry.heapIndex = -1
    if (last !== entry) this.#settle(last, index)
    return true
  }

  /** To be called when what `order` looks at has changed for an entry that is in the heap. */
  update(entry: T): void {
    if (this.has(entry)) this.#settle(entry, entry.heapIndex)
  }

  /** In no particular order. */
  values(): readonly T[] {
    return this.#entries
  }

  #settle(entry: T, index: number): void {
    const parent = this.#entries[(index - 1) >> 1]
    if (index > 0 && parent !== undefined && this.#order(entry, parent) < 0) this.#up(entry, index)
    else this.#down(entry, index)
  }

  #up(entry: T, from: number): void {
    const entries = this.#entries
    let index = from
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = entries[parentIndex] as T
      if (this.#order(entry, parent) >= 0) break
      entries[index] = parent
      parent.heapIndex = index
      index = parentIndex
    }
    entries[index] = entry
    entry.heapIndex = index
  }

  #down(entry: T, from: number): void {
    const entries = this.#entries
    let index = from
    for (;;) {
      let childIndex = 2 * index + 1
      if (childIndex >= entries.length) break
      const right = entries[childIndex + 1]
      if (right !== undefined && this.#order(right, entries[childIndex] as T) < 0) childIndex++
      const child = entries[childIndex] as T
      if (this.#order(entry, child) <= 0) break
      entries[index] = child
      child.heapIndex = index
      index = childIndex
    }
    entries[index] = entry
    entry.heapIndex = index
  }
}
