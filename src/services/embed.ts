import type { Timings } from '../kernel/runtime-events.ts'
import type { AcquireOptions } from '../manager/acquire-options.ts'
import type { EmbedInput, Embeddings, Model } from '../registry/model.ts'
import { withCache } from './cached-embed.ts'
import { given, useModel, type ServiceContext } from './use-model.ts'
import { kindOf, wrong } from './wrong-input.ts'

export interface EmbedOptions extends AcquireOptions {
  /** Puts the model's own prompt for this kind of text in front, where its configuration has one. */
  inputType?: 'query' | 'document' | undefined
  /**
   * What becomes of a text over the model's limit: `true` cuts it there and names it in `truncated`, `false` makes it an
   * `InputTooLongError`, `'chunk'` runs it piece by piece and averages the pieces by their length. @default true
   */
  truncate?: boolean | 'chunk' | undefined
  /** @default true */
  normalize?: boolean | undefined
  /** Keeps the first `dimensions` values and normalises again. */
  dimensions?: number | undefined
}

export interface EmbedResult {
  /** One vector for each input, in input order; views on one buffer. */
  vectors: Float32Array<ArrayBuffer>[]
  dimensions: number
  /** Tokens that were run for each input, special tokens counted. */
  tokenCounts: readonly number[]
  /** Indices of the inputs that were cut at the model's limit. */
  truncated: readonly number[]
  /** What really served, `minilm:int8@cpu`; a fallback shows here. */
  servedBy: string
  /** All vectors of one call come from this one generation. */
  generation: number
  timings: Timings
}

/** Vectors for texts. One call holds one lease, so all its vectors come from one generation. */
export async function embed(
  context: ServiceContext,
  model: string,
  input: EmbedInput | readonly EmbedInput[],
  options: EmbedOptions = {},
): Promise<EmbedResult> {
  const { inputType, truncate, normalize, dimensions } = options
  const wanted = given({ inputType, truncate, normalize, dimensions })
  let inputs: readonly EmbedInput[] = []
  const served = await useModel<Embeddings>(
    context,
    model,
    {
      task: 'embed',
      check: () => (inputs = asInputs(input)).length,
      run: (loaded, runOptions) => embedderOf(loaded, model, context)?.(inputs, { ...runOptions, ...wanted }),
      tokensOf: ({ tokenCounts }) => tokenCounts.reduce((sum, count) => sum + count, 0),
    },
    options,
  )
  const { answer, servedBy, generation, timings } = served
  return {
    vectors: vectorsOf(answer),
    dimensions: answer.dimensions,
    tokenCounts: answer.tokenCounts,
    truncated: answer.truncated,
    servedBy,
    generation,
    timings,
  }
}

/** Undefined for a model that cannot embed. */
function embedderOf(loaded: Model, model: string, { cache, events }: ServiceContext): Model['embed'] {
  const embed = loaded.embed?.bind(loaded)
  if (embed === undefined || cache === undefined) return embed
  return withCache(embed, cache, loaded.embedding?.weights, (hits, misses) =>
    events.emit('cache', { model, hits, misses }),
  )
}

function vectorsOf({ values, dimensions, tokenCounts }: Embeddings): Float32Array<ArrayBuffer>[] {
  return tokenCounts.map((_, index) => values.subarray(index * dimensions, (index + 1) * dimensions))
}

/** One text, the token ids of one text, or several of either. */
function asInputs(input: EmbedInput | readonly EmbedInput[]): readonly EmbedInput[] {
  if (typeof input === 'string') return [input]
  if (!Array.isArray(input)) throw wrong('input', `must be a text or an array of texts, not ${kindOf(input)}`)
  if (input.length === 0) throw wrong('input', 'must hold at least one text')
  if (typeof input[0] === 'number') return [input as number[]]
  input.forEach((item: unknown, index) => {
    if (typeof item !== 'string' && !Array.isArray(item)) {
      throw wrong(`input[${index}]`, `must be a text or an array of token ids, not ${kindOf(item)}`)
    }
  })
  return input as readonly EmbedInput[]
}
