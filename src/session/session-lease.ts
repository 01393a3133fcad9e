import { sleep, type Clock, type Timer } from '../kernel/clock.ts'
import { LockTimeoutError, SessionConflictError } from '../kernel/errors.ts'
import type { LeaseStore, SessionRecord } from './backend.ts'

/** Attempts come slower and slower, and never in step with those of another process. */
const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 50

/** The pause before the next attempt, after `attempts` in vain. */
export function pauseMs(attempts: number, forMs: number): number {
  const upTo = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts, 10))
  return Math.min(Math.max(1, forMs), upTo * (0.5 + Math.random() / 2))
}

export interface LeaseRequest {
  readonly id: string
  readonly leaseMs: number
  readonly timeoutMs: number
  /** For one attempt. */
  readonly storeTimeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * A lease on a session, renewed at a third of its time for as long as it is wanted. It is lost when a renewal says so, or when
 * none has been answered until the time is over (measured from before the asking): `lost` aborts, and nothing can be written
 * under it any more.
 */
export class SessionLease {
  readonly fence: number
  /** The session when the lease was had. */
  readonly record: SessionRecord | undefined
  readonly #store: LeaseStore
  readonly #clock: Clock
  readonly #request: LeaseRequest
  readonly #lost = new AbortController()
  #endsAtMs: number
  #timer: Timer | undefined
  #isEnded = false

  private constructor(
    store: LeaseStore,
    clock: Clock,
    request: LeaseRequest,
    grant: { fence: number; record: SessionRecord | undefined },
    askedAtMs: number,
  ) {
    this.#store = store
    this.#clock = clock
    this.#request = request
    this.fence = grant.fence
    this.record = grant.record
    this.#endsAtMs = askedAtMs + request.leaseMs
    this.#renewLater()
  }

  /** Rejects with `LockTimeoutError` or the signal's reason. */
  static async acquire(store: LeaseStore, clock: Clock, request: LeaseRequest): Promise<SessionLease> {
    const { id, leaseMs, timeoutMs, storeTimeoutMs, signal } = request
    const startedAtMs = clock.nowMs()
    for (let attempts = 0; ; attempts++) {
      signal?.throwIfAborted()
      const askedAtMs = clock.nowMs()
      const grant = await store.acquire(id, leaseMs, storeTimeoutMs)
      if (grant.isGranted) return new SessionLease(store, clock, request, grant, askedAtMs)
      const waitedMs = clock.nowMs() - startedAtMs
      if (waitedMs >= timeoutMs)
        throw new LockTimeoutError(
          `Waited ${Math.round(waitedMs)} ms for session ${id}, which another process holds for ${Math.round(grant.forMs)} ms ` +
            'at most. Hold it for less time, or wait with a longer timeoutMs.',
          { waitedMs },
        )
      await sleep(clock, Math.min(pauseMs(attempts, grant.forMs), Math.max(1, timeoutMs - waitedMs)), signal)
    }
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** The lease has been given back, or went with a commit. */
  markEnded(): void {
    this.#isEnded = true
    this.#timer?.cancel()
  }

  async end(): Promise<void> {
    if (this.#isEnded) return
    this.markEnded()
    // A lease that cannot be given back runs out by itself; the outcome of the work stands.
    if (!this.#lost.signal.aborted)
      await this.#store.release(this.#request.id, this.fence).catch(() => undefined)
  }

  #renewLater(): void {
    const inMs = this.#request.leaseMs / 3
    this.#timer = this.#clock.callAt(this.#clock.nowMs() + inMs, () => void this.#renew(), {
      background: true,
    })
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const askedAtMs = this.#clock.nowMs()
    let isHeld = true
    try {
      isHeld = await this.#store.renew(this.#request.id, this.fence, this.#request.leaseMs)
      if (isHeld) this.#endsAtMs = askedAtMs + this.#request.leaseMs
    } catch {
      // The store may come back before the lease is over.
    }
    if (this.#isEnded) return
    if (isHeld && this.#clock.nowMs() < this.#endsAtMs) this.#renewLater()
    else this.#lose()
  }

  #lose(): void {
    this.#timer?.cancel()
    this.#lost.abort(leaseLost(this.#request.id))
  }
}

export function leaseLost(id: string): SessionConflictError {
  return new SessionConflictError(
    `The lease on session ${id} was lost: it ran out before it was renewed. Nothing was written under it since. ` +
      'Keep the event loop free, or give leases more time (leaseMs).',
  )
}
