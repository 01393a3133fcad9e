import type { FromThread } from '../protocol.ts'

type PermitMessage = Extract<FromThread, { type: 'run-wanted' | 'runs-returned' }>

/**
 * How many runs this thread may have in flight: all residents of the process share what the machine has. The main side grants
 * and recalls; a permit that is recalled goes back when the next run has ended, or at the end of a turn that had no use for it: so
 * each grant is worth a run, even if two residents take it from each other all the time. An idle thread keeps what it has until
 * it is recalled, and the next request need not wait for a grant.
 */
export class RunPermits {
  readonly #send: (message: PermitMessage) => void
  #granted = 0
  #used = 0
  #recalled = 0
  #isWanted = false

  constructor(send: (message: PermitMessage) => void) {
    this.#send = send
  }

  /** Runs that could start now. */
  get free(): number {
    return this.#granted - this.#used
  }

  grant(runs: number): void {
    this.#granted += runs
    this.#isWanted = false
  }

  recall(): void {
    // What has gone back meanwhile cannot be recalled any more.
    this.#recalled = Math.min(this.#granted, this.#recalled + 1)
  }

  /** Asks for one more, unless that has been asked already. */
  want(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    this.#send({ type: 'run-wanted' })
  }

  use(): void {
    this.#used++
  }

  /** A run has ended. */
  end(): void {
    this.#used--
    this.giveBackRecalled()
  }

  /** As many as no run uses. */
  giveBackRecalled(): void {
    const runs = Math.min(this.#recalled, this.#granted - this.#used)
    if (runs === 0) return
    this.#granted -= runs
    this.#recalled -= runs
    this.#send({ type: 'runs-returned', runs })
  }
}
