import { expect, it } from 'vitest'
import { failureOf, report, traceOf } from './simulate.ts'

const SEEDS = 2_000
const STEPS = 200

it(`no invariant breaks in ${SEEDS} seeds of ${STEPS} steps`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    if (failureOf(traceOf(seed, STEPS))) expect.fail(report(seed, STEPS))
  }
})
