import type { EmbedInput } from '../registry/model.ts'

/** What a vector of the fake engine says about its origin. */
export interface FakeVectorOrigin {
  /** Which load of the engine made the model: 1 for the first. */
  load: number
  /** Of the model's key, `minilm:int8@cpu`: compare with `fakeHash`. */
  keyHash: number
  /** Of the text, or of the token ids joined by spaces: compare with `fakeHash`. */
  inputHash: number
}

/** FNV-1a, cut to 24 bits: a float32 holds that many exactly. */
export function fakeHash(input: EmbedInput): number {
  const text = typeof input === 'string' ? input : input.join(' ')
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) & 0xffffff
}

/** Writes `[load, hash of the key, hash of the input, 0, 0, …]` over one row. */
export function writeFakeVector(row: Float32Array, load: number, key: string, input: EmbedInput): void {
  row.fill(0)
  row.set([load, fakeHash(key), fakeHash(input)])
}

/** Reads the origin of a vector that a fake model made. */
export function readFakeVector(vector: Float32Array): FakeVectorOrigin {
  const [load, keyHash, inputHash] = vector
  if (load === undefined || keyHash === undefined || inputHash === undefined)
    throw new RangeError(`A vector of the fake engine has at least 3 values, this one has ${vector.length}.`)
  return { load, keyHash, inputHash }
}
