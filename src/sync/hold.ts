/** The right to go on, until `release()`. With `using`, the end of the block releases it. */
export class Hold implements Disposable {
  #giveBack: ((hold: Hold) => void) | undefined

  /** @param giveBack Called once, in the turn of the release. */
  constructor(giveBack: (hold: Hold) => void) {
    this.#giveBack = giveBack
  }

  get isReleased(): boolean {
    return this.#giveBack === undefined
  }

  /** Synchronous: whoever waits next has it when this returns. Idempotent. */
  release(): void {
    const giveBack = this.#giveBack
    if (giveBack === undefined) return
    this.#giveBack = undefined
    giveBack(this)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/** What entering a lock gives: the hold itself where the lock was free, so that no promise is made for it. */
export type Entry<H extends Disposable> = H | Promise<H>

export function toPromise<H extends Disposable>(entry: Entry<H>): Promise<H> {
  return entry instanceof Promise ? entry : Promise.resolve(entry)
}

/** Calls `fn` once the hold is had, and releases it whatever happens. */
export async function runHolding<H extends Disposable, R>(
  entry: Entry<H>,
  fn: (hold: H) => R | Promise<R>,
): Promise<R> {
  const hold = entry instanceof Promise ? await entry : entry
  try {
    return await fn(hold)
  } finally {
    hold[Symbol.dispose]()
  }
}
