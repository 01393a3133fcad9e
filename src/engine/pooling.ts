import type { Pooling } from './embedding-config.ts'
import type { EncoderOutput } from './encoder.ts'

/**
 * Makes one vector of what the graph gave for one text.
 * @param output The hidden states of its tokens, or the one vector that the graph has pooled itself.
 * @param into `[size]` or shorter: only the first values are made. Its old content is overwritten.
 */
export function pool(pooling: Pooling, output: EncoderOutput, into: Float32Array): void {
  const { values, start, size, rows } = output
  const row = pooling === 'last-token' ? rows - 1 : 0
  if (pooling === 'mean' && rows > 1) meanOverTokens(output, into)
  else into.set(values.subarray(start + row * size, start + row * size + into.length))
}

function meanOverTokens({ values, start, size, rows }: EncoderOutput, into: Float32Array): void {
  into.fill(0)
  for (let row = 0; row < rows; row++) {
    const offset = start + row * size
    for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + (values[offset + i] as number)
  }
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) / rows
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
