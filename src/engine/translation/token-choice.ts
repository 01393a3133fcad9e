import type { GenerationConfig } from './generation-config.ts'

/**
 * The next token of one text: the most probable one that may be produced, or the one that has to be.
 *
 * @param logits Of this one text; what may not be produced is overwritten.
 * @param ids What the decoder has got, without the start token.
 * @param promptLength How many tokens the decoder was started with, the start token counted.
 * @returns undefined where no logit is a number.
 */
export function nextToken(
  logits: Float32Array,
  ids: readonly number[],
  promptLength: number,
  config: GenerationConfig,
): number | undefined {
  // The start token counts, so that this is the last one that fits.
  if (config.lastToken !== undefined && ids.length + 2 >= config.maxLength) return config.lastToken
  for (const id of config.suppressed) logits[id] = -Infinity
  const isFirst = ids.length + 1 === promptLength
  if (isFirst) for (const id of config.suppressedAtFirst) logits[id] = -Infinity
  for (const sequence of config.badSequences) {
    if (endsWithAllButLast(ids, sequence)) logits[sequence.at(-1) as number] = -Infinity
  }
  return argmax(logits)
}

function endsWithAllButLast(ids: readonly number[], sequence: readonly number[]): boolean {
  const start = ids.length - (sequence.length - 1)
  return start >= 0 && sequence.every((id, i) => i === sequence.length - 1 || ids[start + i] === id)
}

/** The first of the greatest values. NaN is greater than nothing. */
function argmax(values: Float32Array): number | undefined {
  let best: number | undefined
  let greatest = -Infinity
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value > greatest) {
      greatest = value
      best = i
    }
  }
  return best
}
