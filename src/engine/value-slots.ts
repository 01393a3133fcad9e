import { offHeap } from './off-heap.ts'

/** Places for the addresses of native values, beside one another. */
export interface Slots {
  readonly addresses: BigUint64Array
  /** Leaves zero at this place, which is free from now on. */
  readonly give: (index: number) => void
}

/**
 * Where the addresses of native values stand as long as there are any: ONNX Runtime writes them there itself. In shared memory, somebody
 * else can release the values when this thread was ended without the chance to; each of them would hold all memory of its session.
 */
export class ValueSlots {
  readonly #addresses: BigUint64Array
  readonly #isTaken: Uint8Array
  #searchFrom = 0

  /** @param addresses Zeros. */
  constructor(addresses: BigUint64Array) {
    this.#addresses = addresses
    this.#isTaken = new Uint8Array(addresses.length)
  }

  /** Zeros. Where there is no room they are in memory of their own, and their values are lost with the thread. */
  take(count: number): Slots {
    const start = this.#find(count, this.#searchFrom) ?? this.#find(count, 0)
    if (start === undefined) {
      const addresses = offHeap(BigUint64Array, count)
      return { addresses, give: (index) => void (addresses[index] = 0n) }
    }
    this.#isTaken.fill(1, start, start + count)
    this.#searchFrom = start + count
    return {
      addresses: this.#addresses.subarray(start, start + count),
      give: (index) => {
        this.#addresses[start + index] = 0n
        this.#isTaken[start + index] = 0
      },
    }
  }

  #find(count: number, from: number): number | undefined {
    let free = 0
    for (let i = from; i < this.#isTaken.length; i++) {
      free = this.#isTaken[i] === 0 ? free + 1 : 0
      if (free === count) return i - count + 1
    }
    return undefined
  }
}
