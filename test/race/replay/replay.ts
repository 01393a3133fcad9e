import { describe, it } from 'vitest'
import { Random } from '../../scenarios/random.ts'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]

/**
 * A race that another system shipped, as a schedule that a seed decides: what happens is fixed, when it happens within its
 * window is drawn. `bites/` has for each replay the fault that it is there to find.
 */
export function replay(title: string, schedule: (random: Random) => Promise<void>): void {
  describe(title, () => {
    it.each(SEEDS)('seed %i', (seed) => schedule(new Random(seed)))
  })
}
