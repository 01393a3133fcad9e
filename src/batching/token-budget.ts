/** Budgets that are tried, in padded tokens. */
export const BUDGET_STEPS: readonly number[] = [128, 192, 256, 384, 512, 768, 1024]
/** Beyond this a run of a MiniLM gets longer, not faster, on the machines that it was measured on. */
export const FIRST_BUDGET_TOKENS = 384

/** A batch that uses less of its budget says nothing about it. */
const FULL = 0.75
/** Full batches that are measured before a neighbour is tried, and of the neighbour. */
const HOME_BATCHES = 48
const TRIAL_BATCHES = 16
/** How much faster the neighbour has to be: below it, noise would move the budget to and fro. */
const GAIN = 1.03
/** Each trial that changes nothing makes the next one come later, up to so many batches. */
const MAX_HOME_BATCHES = 1_536

/**
 * How many padded tokens go into a batch: a walk along `BUDGET_STEPS` towards more texts per second. The step that serves is
 * measured, then for a moment one of its neighbours, in turn the larger and the smaller one; whichever is faster stays.
 * Only full batches count, so that a machine with little to do changes nothing. Plain arithmetic, no clock.
 */
export class TokenBudget {
  #home = BUDGET_STEPS.indexOf(FIRST_BUDGET_TOKENS)
  /** The step that is tried; undefined while the home is measured. */
  #trial: number | undefined
  #direction: 1 | -1 = 1
  #homeBatches = HOME_BATCHES
  #homeMsPerToken: number[] = []
  #trialMsPerToken: number[] = []

  /** What the next batch may hold. */
  get maxPaddedTokens(): number {
    return BUDGET_STEPS[this.#trial ?? this.#home] as number
  }

  /**
   * A batch has run.
   * @param budgetTokens What it was allowed: batches of an earlier step may still end.
   * @param tokens Without padding: what padding costs is part of the measure.
   */
  observe(budgetTokens: number, paddedTokens: number, tokens: number, durationMs: number): void {
    if (budgetTokens !== this.maxPaddedTokens || paddedTokens < FULL * budgetTokens) return
    const measured = this.#trial === undefined ? this.#homeMsPerToken : this.#trialMsPerToken
    measured.push(durationMs / tokens)
    if (this.#trial === undefined) {
      if (measured.length >= this.#homeBatches) this.#beginTrial()
    } else if (measured.length >= TRIAL_BATCHES) {
      this.#endTrial(this.#trial)
    }
  }

  #beginTrial(): void {
    const neighbour = this.#home + this.#direction
    if (BUDGET_STEPS[neighbour] === undefined) this.#direction = this.#direction === 1 ? -1 : 1
    this.#trial = this.#home + this.#direction
  }

  #endTrial(trial: number): void {
    const recent = this.#homeMsPerToken.slice(-HOME_BATCHES)
    if (median(this.#trialMsPerToken) * GAIN < median(recent)) {
      this.#home = trial
      this.#homeBatches = HOME_BATCHES
    } else {
      this.#direction = this.#direction === 1 ? -1 : 1
      this.#homeBatches = Math.min(MAX_HOME_BATCHES, this.#homeBatches * 2)
    }
    this.#trial = undefined
    this.#homeMsPerToken = []
    this.#trialMsPerToken = []
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] as number
}
