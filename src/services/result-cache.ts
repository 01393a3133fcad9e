import { LRUCache } from 'lru-cache'
import type { EmbedInput, EmbedRunOptions } from '../registry/model.ts'

/** What is kept of one text. */
export interface CachedVector {
  readonly vector: Float32Array
  readonly tokenCount: number
  readonly isTruncated: boolean
}

/** What an entry takes beside its text and its vector: the objects, and the place in the cache. Measured on Node 20. */
const ENTRY_BYTES = 300
const [BYTES_PER_CHARACTER, BYTES_PER_VALUE] = [2, Float32Array.BYTES_PER_ELEMENT]

/**
 * Vectors that were computed already, by the weights that made them, the text and all options that change the result: a model
 * that was loaded again, under whatever name, finds its own. Bounded by bytes; what was used the longest ago goes first.
 */
export class ResultCache {
  readonly #entries: LRUCache<string, CachedVector>

  /** @param maxBytes At least 1. */
  constructor(maxBytes: number) {
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ vector }, key) =>
        ENTRY_BYTES + key.length * BYTES_PER_CHARACTER + vector.length * BYTES_PER_VALUE,
    })
  }

  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get(key: string): CachedVector | undefined {
    return this.#entries.get(key)
  }

  /** What is larger than the whole cache is not kept. */
  set(key: string, vector: CachedVector): void {
    this.#entries.set(key, vector)
  }
}

/** @param weights Says which weights the model has, and in which file format: equal for equal results only. */
export function cacheKey(weights: string, input: EmbedInput, options: EmbedRunOptions): string {
  const { inputType = '', truncate = true, normalize = true, dimensions = '' } = options
  // A text and the list of ids that looks like it are two things.
  const content = typeof input === 'string' ? `t${input}` : `i${input.join(',')}`
  return `${weights} ${inputType} ${truncate} ${normalize} ${dimensions} ${content}`
}
