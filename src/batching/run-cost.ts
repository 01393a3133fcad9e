/**
 * Measured with a MiniLM: a run of 1 × 64 tokens takes 4.0 ms, of 4 × 64 13.0 ms, so 1 ms, or 20 tokens, goes with the run.
 * What a model starts from.
 */
const FIRST_OVERHEAD_TOKENS = 20
/**
 * Beyond these it is noise: with short texts on a busy machine the line through them swung from 0 to 100 tokens, and the padding of
 * batches with it, from 8 to 24 %.
 */
const [LEAST_OVERHEAD_TOKENS, MOST_OVERHEAD_TOKENS] = [10, 40]
/** A run counts half as much when so many others have followed it. */
const HALF_LIFE_RUNS = 1_000
const FADE = 0.5 ** (1 / HALF_LIFE_RUNS)
/** Runs before the line is believed. */
const MIN_RUNS = 200

/**
 * What a run costs beyond its tokens, learned from how long runs of different sizes take: the line through them, by least
 * squares with older runs fading. Plain arithmetic, no clock.
 */
export class RunCost {
  overheadTokens: number = FIRST_OVERHEAD_TOKENS
  #runs = 0
  #weight = 0
  #tokens = 0
  #ms = 0
  #tokensSquared = 0
  #tokensMs = 0

  observe(paddedTokens: number, durationMs: number): void {
    // One impossible value would stay in every sum for ever.
    if (!Number.isFinite(paddedTokens + durationMs)) return
    this.#runs++
    this.#weight = this.#weight * FADE + 1
    this.#tokens = this.#tokens * FADE + paddedTokens
    this.#ms = this.#ms * FADE + durationMs
    this.#tokensSquared = this.#tokensSquared * FADE + paddedTokens ** 2
    this.#tokensMs = this.#tokensMs * FADE + paddedTokens * durationMs
    if (this.#runs >= MIN_RUNS) this.#fit()
  }

  #fit(): void {
    const spread = this.#weight * this.#tokensSquared - this.#tokens ** 2
    // Runs of one size say nothing about the others.
    if (spread <= 1e-3 * this.#tokens ** 2) return
    const msPerToken = (this.#weight * this.#tokensMs - this.#tokens * this.#ms) / spread
    if (msPerToken <= 0) return
    const overheadMs = (this.#ms - msPerToken * this.#tokens) / this.#weight
    const tokens = overheadMs / msPerToken
    this.overheadTokens = Math.min(MOST_OVERHEAD_TOKENS, Math.max(LEAST_OVERHEAD_TOKENS, tokens))
  }
}
