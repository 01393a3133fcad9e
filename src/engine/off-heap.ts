/**
 * A typed array that native code may keep the address of. V8 keeps arrays of up to 64 bytes on its own heap, where the
 * garbage collector moves them; one with an `ArrayBuffer` made beforehand never moves.
 */
export function offHeap<T>(
  type: { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  length: number,
): T {
  return new type(new ArrayBuffer(length * type.BYTES_PER_ELEMENT))
}
