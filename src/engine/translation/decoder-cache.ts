import { ModelLoadError } from '../../kernel/errors.ts'
import type { Session } from '../session.ts'
import type { ValueInfo } from '../tensor.ts'

/** Names of the inputs of a merged decoder that stay the same from step to step. */
export const ENCODER_MASK = 'encoder_attention_mask'
export const ENCODER_STATES = 'encoder_hidden_states'

/** What a step makes anew of the keys and values of attention: their names on the way in and, at the same places, out. */
export interface CacheStep {
  readonly pasts: readonly string[]
  readonly presents: readonly string[]
}

/** The first step makes all of them; later ones read those of the attention to the source, which stay the same. */
export interface DecoderCache {
  readonly first: CacheStep
  readonly later: CacheStep
}

/** The cache in a merged decoder's graph, `past_key_values.0.decoder.key` and so on. @throws ModelLoadError */
export function decoderCache(session: Session): DecoderCache {
  const outputs = new Set(session.outputs.map((output) => output.name))
  const pasts = session.inputs.map(({ name }) => name).filter((name) => name.startsWith('past_key_values.'))
  const lacking = pasts.find((past) => !outputs.has(presentOf(past)))
  if (lacking !== undefined)
    throw new ModelLoadError(`The decoder takes ${lacking} and gives no ${presentOf(lacking)}.`)
  const inputs = new Set(session.inputs.map((input) => input.name))
  const wanted = ['input_ids', ENCODER_MASK, ENCODER_STATES, 'use_cache_branch']
  const absent = wanted.filter((name) => !inputs.has(name))
  if (pasts.length > 0 && absent.length === 0 && outputs.has('logits'))
    return { first: stepOf(pasts), later: stepOf(pasts.filter((past) => !past.includes('.encoder.'))) }
  throw new ModelLoadError(
    `The graph is not a merged decoder with a key-value cache: it takes ${describe(session.inputs)} and gives ` +
      `${describe(session.outputs)}. Export the model with optimum, task text2text-generation-with-past.`,
  )
}

function stepOf(pasts: readonly string[]): CacheStep {
  return { pasts, presents: pasts.map(presentOf) }
}

function presentOf(past: string): string {
  return past.replace('past_key_values', 'present')
}

function describe(values: readonly ValueInfo[]): string {
  return values.map(({ name }) => name).join(', ')
}
