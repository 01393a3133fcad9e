import type { Increment } from '../backend.ts'

/** Increments as the script takes them, and what its sums mean for each of them. */
export interface Coalesced {
  /** A key, what is added, and how far from its value the key may be meanwhile: again and again. */
  readonly parts: readonly string[]
  /** The value after each increment, from the last value of each part. */
  readonly sumsOf: (finals: readonly number[]) => readonly number[]
}

/**
 * Additions of whole numbers to one key go as one, which the script makes only where all sums in between are exact; the
 * others go one by one, as the order matters to how fractions are rounded.
 */
export function coalesce(increments: readonly Increment[]): Coalesced {
  const [only] = increments
  if (increments.length === 1 && only !== undefined)
    return { parts: [only.key, String(only.by), ''], sumsOf: asTheyAre }
  const byKey = new Map<string, { total: number; span: number }>()
  const fractional = new Set<string>()
  for (const { key, by } of increments) {
    if (!Number.isSafeInteger(by)) fractional.add(key)
    const sum = byKey.get(key)
    if (sum === undefined) byKey.set(key, { total: by, span: Math.abs(by) })
    else {
      sum.total += by
      sum.span += Math.abs(by)
    }
  }
  const parts: string[] = []
  const whole: string[] = []
  for (const [key, { total, span }] of byKey) {
    if (fractional.has(key)) continue
    whole.push(key)
    parts.push(key, String(total), String(span))
  }
  for (const { key, by } of increments) if (fractional.has(key)) parts.push(key, String(by), '')
  return {
    parts,
    sumsOf(finals) {
      const values = new Map(
        whole.map((key, i) => [key, (finals[i] as number) - (byKey.get(key)?.total ?? 0)]),
      )
      let next = whole.length
      return increments.map(({ key, by }) => {
        const value = values.get(key)
        if (value === undefined) return finals[next++] as number
        values.set(key, value + by)
        return value + by
      })
    },
  }
}

function asTheyAre(finals: readonly number[]): readonly number[] {
  return finals
}
