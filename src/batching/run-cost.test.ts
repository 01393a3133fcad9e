import { describe, expect, it } from 'vitest'
import { RunCost } from './run-cost.ts'

const SIZES = [20, 64, 128, 256, 384]

/** Runs of all sizes, on a machine where each costs so many tokens more than it has, at 0.05 ms a token. */
function observe(cost: RunCost, overheadTokens: number, rounds: number, sizes = SIZES): void {
  for (let i = 0; i < rounds; i++)
    for (const size of sizes) cost.observe(size, 0.05 * (overheadTokens + size))
}

describe('what a run costs beyond its tokens', () => {
  it('is learned from runs of different sizes', () => {
    const cost = new RunCost()
    observe(cost, 35, 60)
    expect(cost.overheadTokens).toBeCloseTo(35, 3)
  })

  it('is not guessed from a few runs, nor from runs of one size', () => {
    const cost = new RunCost()
    const first = cost.overheadTokens
    observe(cost, 35, 30)
    expect(cost.overheadTokens).toBe(first)
    const same = new RunCost()
    observe(same, 35, 500, [128])
    expect(same.overheadTokens).toBe(first)
  })

  it('forgets what was', () => {
    const cost = new RunCost()
    observe(cost, 12, 100)
    observe(cost, 35, 4_000)
    expect(cost.overheadTokens).toBeCloseTo(35, 0)
  })

  it('stays within reason, whatever is measured', () => {
    const large = new RunCost()
    observe(large, 10_000, 60)
    expect(large.overheadTokens).toBeLessThanOrEqual(40)
    const odd = new RunCost()
    for (let i = 0; i < 300; i++) odd.observe(SIZES[i % 5] as number, 100 - (SIZES[i % 5] as number) / 5)
    expect(odd.overheadTokens).toBeGreaterThan(0)
    expect(odd.overheadTokens).toBeLessThanOrEqual(40)
  })
})
