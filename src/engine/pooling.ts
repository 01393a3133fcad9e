import type { Pooling } from './embedding-config.ts'
import type { EncoderOutput } from './encoder.ts'

/**
 * Makes one vector of what the graph gave for one text.
 * @param output The hidden states of its tokens, or the one vector that the graph has pooled itself.
 * @returns `[size]`
 */
export function pooled(pooling: Pooling, output: EncoderOutput): Float32Array {
  const { values, start, size, rows } = output
  if (pooling === 'mean') return meanOfRows(output)
  const row = start + (pooling === 'last-token' ? rows - 1 : 0) * size
  return values.slice(row, row + size)
}

function meanOfRows({ values, start, size, rows }: EncoderOutput): Float32Array {
  const mean = values.slice(start, start + size)
  for (let row = 1; row < rows; row++) {
    const offset = start + row * size
    for (let i = 0; i < size; i++) mean[i] = (mean[i] as number) + (values[offset + i] as number)
  }
  for (let i = 0; i < size; i++) mean[i] = (mean[i] as number) / rows
  return mean
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
