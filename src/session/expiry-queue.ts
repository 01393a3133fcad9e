import type { Clock, Timer } from '../kernel/clock.ts'
import { Heap, type HeapEntry } from '../kernel/heap.ts'

interface Expiry extends HeapEntry {
  readonly id: string
  atMs: number
}

/** When records end, for those that do. One timer for all of them, in the background; other records cost nothing. */
export class ExpiryQueue {
  readonly #clock: Clock
  readonly #onExpired: (id: string) => void
  readonly #byId = new Map<string, Expiry>()
  readonly #heap = new Heap<Expiry>((a, b) => a.atMs - b.atMs)
  #timer: Timer | undefined
  #timerAtMs = Infinity

  constructor(clock: Clock, onExpired: (id: string) => void) {
    this.#clock = clock
    this.#onExpired = onExpired
  }

  /** @param atMs In milliseconds since 1970. */
  set(id: string, atMs: number): void {
    const known = this.#byId.get(id)
    if (known === undefined) {
      const expiry: Expiry = { id, atMs, heapIndex: -1 }
      this.#byId.set(id, expiry)
      this.#heap.push(expiry)
    } else {
      known.atMs = atMs
      this.#heap.update(known)
    }
    this.#arm()
  }

  delete(id: string): void {
    const expiry = this.#byId.size === 0 ? undefined : this.#byId.get(id)
    if (expiry === undefined) return
    this.#byId.delete(id)
    this.#heap.remove(expiry)
    if (this.#heap.size === 0) this.close()
  }

  /** Ends what is due and answers how many that were. */
  sweep(): number {
    const wallMs = this.#clock.wallMs()
    let ended = 0
    for (
      let first = this.#heap.peek();
      first !== undefined && first.atMs <= wallMs;
      first = this.#heap.peek()
    ) {
      this.delete(first.id)
      this.#onExpired(first.id)
      ended++
    }
    this.#arm()
    return ended
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAtMs = Infinity
  }

  /** The timer stands at or before the first expiry: it is not moved when that one is put off. */
  #arm(): void {
    const first = this.#heap.peek()
    if (first === undefined || first.atMs >= this.#timerAtMs) return
    this.#timer?.cancel()
    this.#timerAtMs = first.atMs
    const inMs = Math.max(0, first.atMs - this.#clock.wallMs())
    this.#timer = this.#clock.callAt(this.#clock.nowMs() + inMs, () => this.#onTimer(), { background: true })
  }

  #onTimer(): void {
    this.#timer = undefined
    this.#timerAtMs = Infinity
    this.sweep()
  }
}
