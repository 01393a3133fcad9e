import { Heap, type HeapEntry } from '../kernel/heap.ts'

/**
 * Everything that ends by itself has one entry, which its owner keeps: arming it again moves the entry, so there is never a
 * second timer for the same thing, and one that was disarmed never comes.
 */
export interface Deadline extends HeapEntry {
  atMs: number
  /** At equal times the entry that was made first comes first. */
  readonly sequence: number
  readonly expiry: Expiry
}

/** What happens when it is due. The handlers are in `expire.ts`. */
export type Expiry =
  | { type: 'ticket'; ticket: number }
  | { type: 'load'; slot: string }
  | { type: 'abandon'; generation: number }
  | { type: 'drain'; slot: string }
  | { type: 'run'; generation: number; run: number }
  | { type: 'plan'; slot: string }
  | { type: 'retry'; model: string }
  | { type: 'long-lease'; lease: number }
  | { type: 'grace' }
  | { type: 'idle'; generation: number }

/**
 * Two heaps, because at equal times deadlines come before what else happens, and idleness after it: a request that arrives
 * with the idle timer is served.
 */
export class Deadlines {
  readonly #order = (a: Deadline, b: Deadline): number => a.atMs - b.atMs || a.sequence - b.sequence
  readonly #firm = new Heap<Deadline>(this.#order)
  readonly #idle = new Heap<Deadline>(this.#order)
  #nextSequence = 0

  create(expiry: Expiry): Deadline {
    return { atMs: Infinity, sequence: this.#nextSequence++, expiry, heapIndex: -1 }
  }

  /** `Infinity` disarms. */
  arm(deadline: Deadline, atMs: number): void {
    const heap = this.#heapOf(deadline)
    if (atMs === Infinity) return this.disarm(deadline)
    deadline.atMs = atMs
    if (heap.has(deadline)) heap.update(deadline)
    else heap.push(deadline)
  }

  disarm(deadline: Deadline): void {
    this.#heapOf(deadline).remove(deadline)
    deadline.atMs = Infinity
  }

  /** When the scheduler wants to be woken at the latest; `Infinity`: never. */
  get nextAtMs(): number {
    return Math.min(this.#firm.peek()?.atMs ?? Infinity, this.#idle.peek()?.atMs ?? Infinity)
  }

  get size(): number {
    return this.#firm.size + this.#idle.size
  }

  takeDue(kind: 'firm' | 'idle', nowMs: number): Deadline | undefined {
    const heap = kind === 'firm' ? this.#firm : this.#idle
    const first = heap.peek()
    if (first === undefined || first.atMs > nowMs) return undefined
    this.disarm(first)
    return first
  }

  /** For the exploration of states: what is armed, in the order in which it comes. */
  inOrder(): Deadline[] {
    return [...this.#firm.values(), ...this.#idle.values()].sort(this.#order)
  }

  #heapOf(deadline: Deadline): Heap<Deadline> {
    return deadline.expiry.type === 'idle' ? this.#idle : this.#firm
  }
}
