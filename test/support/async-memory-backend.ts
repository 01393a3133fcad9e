import { setImmediate as turn } from 'node:timers/promises'
import {
  memoryBackend,
  type Change,
  type CommitResult,
  type Guarantees,
  type LeaseGrant,
  type LeaseStore,
  type MemoryBackend,
  type ListOptions,
  type SessionBackend,
  type SessionEvent,
  type SessionPage,
  type SessionRecord,
} from '../../src/session/index.ts'

let fences = 0

/**
 * A backend as somebody else would write one: memory behind calls that take a random number of turns to go and to come back.
 * With `isRacy` it ignores what a writer expects, as stores do that only get and set.
 */
export class AsyncMemoryBackend implements SessionBackend<'async'> {
  readonly mode = 'async' as const
  readonly guarantees: Guarantees
  readonly leases: LeaseStore
  readonly #memory: MemoryBackend
  readonly #leases: Map<string, { fence: number; untilMs: number }>
  readonly #random: () => number
  readonly #isRacy: boolean

  constructor(random: () => number, isRacy = false, opened?: AsyncMemoryBackend) {
    this.#memory = opened === undefined ? memoryBackend() : opened.#memory
    this.#leases = opened === undefined ? new Map() : opened.#leases
    this.guarantees = { ...this.#memory.guarantees, scope: 'machine' }
    this.#random = random
    this.#isRacy = isRacy
    this.leases = {
      acquire: (id, leaseMs) => this.#travel(() => this.#acquire(id, leaseMs)),
      renew: (id, fence, leaseMs) => this.#travel(() => this.#renew(id, fence, leaseMs)),
      release: (id, fence) =>
        this.#travel(() => {
          if (this.#leases.get(id)?.fence === fence) this.#leases.delete(id)
        }),
    }
  }

  /** The same store once more, as another process would have it. */
  openAgain(): AsyncMemoryBackend {
    return new AsyncMemoryBackend(this.#random, this.#isRacy, this)
  }

  read(id: string): Promise<SessionRecord | undefined> {
    return this.#travel(() => this.#memory.read(id))
  }

  commit(id: string, change: Change): Promise<CommitResult> {
    return this.#travel(() => this.#commit(id, change))
  }

  list(options: ListOptions): Promise<SessionPage> {
    return this.#travel(() => this.#memory.list(options))
  }

  sweep(): Promise<number> {
    return this.#travel(() => this.#memory.sweep())
  }

  watch(id: string, listener: (event: SessionEvent) => void): Disposable {
    return this.#memory.watch(id, listener)
  }

  /** Kept: closing one opener's view of a store does not end the store. */
  async close(): Promise<void> {}

  #commit(id: string, change: Change): CommitResult {
    const lease = this.#leaseOf(id)
    if (change.fence !== undefined && lease?.fence !== change.fence) return { outcome: 'fenced' }
    if (change.fence === undefined && lease !== undefined)
      return { outcome: 'locked', forMs: lease.untilMs - Date.now() }
    const result = this.#memory.commit(id, this.#isRacy ? { ...change, expect: 'any' } : change)
    if (change.endsLease && result.outcome === 'done') this.#leases.delete(id)
    return result
  }

  #acquire(id: string, leaseMs: number): LeaseGrant {
    const lease = this.#leaseOf(id)
    if (lease !== undefined) return { isGranted: false, forMs: lease.untilMs - Date.now() }
    const fence = ++fences
    this.#leases.set(id, { fence, untilMs: Date.now() + leaseMs })
    return { isGranted: true, fence, record: this.#memory.read(id) }
  }

  #renew(id: string, fence: number, leaseMs: number): boolean {
    if (this.#leaseOf(id)?.fence !== fence) return false
    this.#leases.set(id, { fence, untilMs: Date.now() + leaseMs })
    return true
  }

  #leaseOf(id: string): { fence: number; untilMs: number } | undefined {
    const lease = this.#leases.get(id)
    return lease !== undefined && lease.untilMs > Date.now() ? lease : undefined
  }

  async #travel<T>(call: () => T): Promise<T> {
    await this.#wait()
    const answer = call()
    await this.#wait()
    return answer
  }

  async #wait(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 4); turns > 0; turns--) await turn()
  }
}
