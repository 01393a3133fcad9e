import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import { SLICES } from './slices.ts'

/** Far more than any slice has: reaching it means that a slice has become endless. */
const MOST_STATES = 200_000

describe('every state of the scheduler, slice by slice', () => {
  for (const slice of SLICES) {
    it(`${slice.name}: the invariants hold in each, and from each everything ends`, () => {
      const { states, transitions, deepest } = explore(slice, MOST_STATES)
      console.log(`${slice.name}: ${states} states, ${transitions} transitions, ${deepest} deep`)
      expect(states).toBeGreaterThan(100)
    })
  }
})
