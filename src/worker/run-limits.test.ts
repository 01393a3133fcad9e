import { expect, it } from 'vitest'
import { runLimits } from './run-limits.ts'

it.each([
  // cores, pool threads → runs, threads of each
  [1, 4, 1, 1],
  [2, 4, 2, 1],
  [8, 4, 2, 4],
  [8, 10, 8, 1],
  [6, 6, 4, 1],
  [2, 2, 1, 2],
  [4, 1, 1, 4],
])('%i cores and %i pool threads: %i runs of %i threads', (cores, poolThreads, maxRuns, intraOpThreads) => {
  expect(runLimits(cores, poolThreads)).toEqual({ maxRuns, intraOpThreads })
})
