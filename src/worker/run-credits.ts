/** A resident, as far as its runs are concerned. */
export interface CreditHolder {
  /** Runs that it can be in at once. */
  readonly maxRuns: number
  /** Runs that it is in at this moment. */
  activeRuns(): number
  /** It may have so many more runs in flight. */
  grant(runs: number): void
  /** It is to give one back: when the next run has ended, or at once if it has no use for it. */
  recall(): void
}

interface Account {
  granted: number
  recalled: number
  /** It is being ended: it gets nothing more and can be asked for nothing. */
  isStopped: boolean
  /** When it was granted something last, as a running number. */
  grantedAt: number
}

/**
 * Shares the runs that the machine has room for among all residents. Whoever asks first gets what is free; when nothing is, one
 * is recalled from whoever has more, or does nothing with it. So one model at work has all of the machine, two have half of it
 * each, and of more models than runs each has its turn. Decides only: what it calls sends messages and comes back at once.
 */
export class RunCredits {
  readonly #accounts = new Map<CreditHolder, Account>()
  /** Who waits for a credit, in the order in which they asked. */
  readonly #wanting: CreditHolder[] = []
  #free: number
  #grants = 0

  /** @param total Runs that may be in flight at once in the whole process. */
  constructor(total: number) {
    this.#free = total
  }

  /** Whether a resident is there that has been asked for anything. */
  get areInUse(): boolean {
    return this.#accounts.size > 0
  }

  /** A request goes to the resident: it will need a run. */
  asked(holder: CreditHolder): void {
    if (this.#account(holder).granted === 0) this.want(holder)
  }

  /** Something waits there and no run of it is free. */
  want(holder: CreditHolder): void {
    if (this.#account(holder).isStopped) return
    if (!this.#wanting.includes(holder)) this.#wanting.push(holder)
    this.#serve()
  }

  returned(holder: CreditHolder, runs: number): void {
    const account = this.#account(holder)
    // What it had unused was taken when it was stopped.
    if (account.isStopped) return
    account.granted -= runs
    account.recalled = Math.max(0, account.recalled - runs)
    this.#free += runs
    this.#serve()
  }

  /** A run of it has ended: now it can give something up. */
  runEnded(holder: CreditHolder): void {
    if (holder.activeRuns() === 0) this.#serve()
    // Whoever has none need not wait for the run of another one to end, when this one can give sooner.
    const account = this.#accounts.get(holder)
    const canGive = account !== undefined && !account.isStopped && account.granted > account.recalled
    if (!canGive || account.recalled > 0) return
    if (!this.#wanting.some((other) => this.#account(other).granted === 0)) return
    account.recalled++
    holder.recall()
  }

  /** It is being ended, and answers nothing any more: what no run of it uses is free, the rest when it has ended. */
  stopped(holder: CreditHolder): void {
    const account = this.#accounts.get(holder)
    if (account === undefined) return
    this.#waitsNoMore(holder)
    const used = Math.min(account.granted, holder.activeRuns())
    this.#free += account.granted - used
    this.#accounts.set(holder, { ...account, granted: used, recalled: 0, isStopped: true })
    this.#serve()
  }

  /** The resident has ended, whether or not it has given back what it had. */
  leave(holder: CreditHolder): void {
    const account = this.#accounts.get(holder)
    if (account === undefined) return
    this.#accounts.delete(holder)
    this.#waitsNoMore(holder)
    this.#free += account.granted
    this.#serve()
  }

  #waitsNoMore(holder: CreditHolder): void {
    const place = this.#wanting.indexOf(holder)
    if (place !== -1) this.#wanting.splice(place, 1)
  }

  #serve(): void {
    // Whoever has all that it can use asks in vain, until it has given something back.
    const waiting = this.#wanting.filter((holder) => this.#room(holder) > 0)
    while (this.#free > 0) {
      const holder = this.#takeNeediest(waiting)
      if (holder === undefined) return
      this.#wanting.splice(this.#wanting.indexOf(holder), 1)
      // The last one that waits gets all there is: it need not ask again.
      this.#grant(holder, waiting.length === 0 ? Math.min(this.#free, this.#room(holder)) : 1)
    }
    let recalls = waiting.length
    for (const { recalled } of this.#accounts.values()) recalls -= recalled
    for (const holder of waiting.slice(0, Math.max(0, recalls))) this.#recallFor(holder)
  }

  /** How many runs more it could be in. */
  #room(holder: CreditHolder): number {
    return holder.maxRuns - this.#account(holder).granted
  }

  /** Whoever has the fewest, of several the first that asked: what was recalled for one that has none goes there. */
  #takeNeediest(waiting: CreditHolder[]): CreditHolder | undefined {
    const granted = waiting.map((holder) => this.#account(holder).granted)
    return waiting.splice(granted.indexOf(Math.min(...granted)), 1)[0]
  }

  #grant(holder: CreditHolder, runs: number): void {
    const account = this.#account(holder)
    account.granted += runs
    account.grantedAt = ++this.#grants
    this.#free -= runs
    holder.grant(runs)
  }

  /** From whoever has the most, of several the one whose turn has lasted the longest. */
  #recallFor(wanting: CreditHolder): void {
    const own = this.#account(wanting).granted
    let from: CreditHolder | undefined
    let best: Account | undefined
    for (const [holder, account] of this.#accounts) {
      const kept = account.granted - account.recalled
      if (holder === wanting || account.isStopped) continue
      const canSpare = kept > 0 && (kept > own || holder.activeRuns() === 0)
      if (!canSpare || (best !== undefined && !comesBefore(account, best))) continue
      from = holder
      best = account
    }
    if (from === undefined || best === undefined) return
    best.recalled++
    from.recall()
  }

  #account(holder: CreditHolder): Account {
    let account = this.#accounts.get(holder)
    if (account === undefined)
      this.#accounts.set(holder, (account = { granted: 0, recalled: 0, isStopped: false, grantedAt: 0 }))
    return account
  }
}

function comesBefore(a: Account, b: Account): boolean {
  const [keptOfA, keptOfB] = [a.granted - a.recalled, b.granted - b.recalled]
  return keptOfA > keptOfB || (keptOfA === keptOfB && a.grantedAt < b.grantedAt)
}
