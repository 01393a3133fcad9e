import koffi from 'koffi'
import { offHeap } from './off-heap.ts'
import type { Pointer } from './ort-library.ts'

interface NativeName {
  /** Kept alive: native code reads it at `address`. */
  readonly bytes: Uint8Array
  readonly address: Pointer
}

/** The names of a graph's inputs and outputs as NUL-terminated strings that do not move, each made when it is first asked for. */
export class NativeNames {
  readonly #names = new Map<string, NativeName>()

  address(name: string): Pointer {
    let known = this.#names.get(name)
    if (known === undefined) {
      const encoded = new TextEncoder().encode(name)
      const bytes = offHeap<Uint8Array<ArrayBuffer>>(Uint8Array, encoded.length + 1)
      bytes.set(encoded)
      this.#names.set(name, (known = { bytes, address: koffi.address(bytes) }))
    }
    return known.address
  }
}
