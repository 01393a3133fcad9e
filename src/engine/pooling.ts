import type { Pooling } from './embedding-config.ts'

/**
 * Makes one vector of the hidden states of one text.
 * @param states `[rows, stride, size]` row-major: the output of a run; every row is padded to `stride` tokens.
 * @param row Which text of the batch.
 * @param length How many of its tokens carry text. At least 1.
 * @param into `[size]`; its old content is overwritten.
 */
export function pool(
  pooling: Pooling,
  states: Float32Array,
  row: number,
  stride: number,
  length: number,
  into: Float32Array,
): void {
  const size = into.length
  const start = row * stride * size
  switch (pooling) {
    case 'cls':
      into.set(states.subarray(start, start + size))
      return
    case 'last-token': {
      const last = start + (length - 1) * size
      into.set(states.subarray(last, last + size))
      return
    }
    case 'mean':
      meanOverTokens(states, start, length, into)
      return
    default:
      pooling satisfies never
  }
}

function meanOverTokens(states: Float32Array, start: number, length: number, into: Float32Array): void {
  const size = into.length
  into.fill(0)
  for (let token = 0; token < length; token++) {
    const offset = start + token * size
    for (let i = 0; i < size; i++) into[i] = (into[i] as number) + (states[offset + i] as number)
  }
  for (let i = 0; i < size; i++) into[i] = (into[i] as number) / length
}

/** Scales to length 1, in place. A vector of zeros stays one. */
export function normalize(vector: Float32Array): void {
  let sum = 0
  for (let i = 0; i < vector.length; i++) sum += (vector[i] as number) ** 2
  if (sum === 0) return
  const scale = 1 / Math.sqrt(sum)
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * scale
}

/** Whether no value is NaN or infinite. */
export function isFiniteVector(vector: Float32Array): boolean {
  // A sum is enough: NaN and infinity survive every addition of finite values.
  let sum = 0
  for (let i = 0; i < vector.length; i++) sum += vector[i] as number
  return Number.isFinite(sum)
}
