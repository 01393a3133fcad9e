import { describe, expect, it } from 'vitest'
import { BUDGET_STEPS, FIRST_BUDGET_TOKENS, TokenBudget } from './token-budget.ts'

/** Runs so many full batches on a machine on which a token costs what `msPerToken` says of the budget. */
function run(
  budget: TokenBudget,
  batches: number,
  msPerToken: (budgetTokens: number) => number,
): Set<number> {
  const seen = new Set<number>()
  for (let i = 0; i < batches; i++) {
    const tokens = budget.maxPaddedTokens
    seen.add(tokens)
    // Some noise: every third batch takes a tenth longer.
    budget.observe(tokens, tokens, tokens, tokens * msPerToken(tokens) * (i % 3 === 0 ? 1.1 : 1))
  }
  return seen
}

describe('the token budget', () => {
  it('grows as long as larger batches are faster', () => {
    const budget = new TokenBudget()
    run(budget, 3_000, (tokens) => 1 + 300 / tokens)
    expect(budget.maxPaddedTokens).toBe(1024)
  })

  it('shrinks as long as smaller ones are', () => {
    const budget = new TokenBudget()
    run(budget, 3_000, (tokens) => 1 + tokens / 300)
    expect(budget.maxPaddedTokens).toBe(128)
  })

  it('settles where batches are the fastest', () => {
    const budget = new TokenBudget()
    run(budget, 3_000, (tokens) => (tokens === 512 ? 1 : 1.2))
    run(budget, 40, () => 1)
    expect(budget.maxPaddedTokens).toBe(512)
  })

  it('stays where it is when all are alike, and tries less and less', () => {
    const budget = new TokenBudget()
    run(budget, 2_000, () => 1)
    const seen = run(budget, 1_000, () => 1)
    expect(seen.has(FIRST_BUDGET_TOKENS)).toBe(true)
    expect(seen.size).toBeLessThanOrEqual(2)
  })

  it('learns nothing from batches that were not full, or of an earlier step', () => {
    const budget = new TokenBudget()
    for (let i = 0; i < 1_000; i++) {
      budget.observe(FIRST_BUDGET_TOKENS, FIRST_BUDGET_TOKENS / 2, 10, i)
      budget.observe(256, 256, 256, i)
    }
    expect(budget.maxPaddedTokens).toBe(FIRST_BUDGET_TOKENS)
  })

  it('follows a machine that changes', () => {
    const budget = new TokenBudget()
    run(budget, 3_000, (tokens) => 1 + 300 / tokens)
    run(budget, 10_000, (tokens) => 1 + tokens / 300)
    expect(budget.maxPaddedTokens).toBeLessThanOrEqual(192)
  })

  it('has steps that grow', () => {
    expect([...BUDGET_STEPS].sort((a, b) => a - b)).toEqual(BUDGET_STEPS)
    expect(BUDGET_STEPS).toContain(FIRST_BUDGET_TOKENS)
  })
})
