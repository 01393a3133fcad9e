import { ambientHold } from '../sync/ambient.ts'
import type { WaitOptions } from '../sync/options.ts'
import type { ReentrantHold } from '../sync/reentrant-hold.ts'
import { ReentrantLock } from '../sync/reentrant-lock.ts'
import type { Clock } from '../kernel/clock.ts'
import type { SessionBackend } from './backend.ts'

const byBackend = new WeakMap<SessionBackend, SessionLocks>()

/**
 * The locks of this process, one for each session that somebody holds; a session that is free has none. They belong to the
 * backend: whoever opens the same one a second time shares them.
 */
export class SessionLocks {
  readonly #clock: Clock
  readonly #locks = new Map<string, ReentrantLock>()

  private constructor(clock: Clock) {
    this.#clock = clock
  }

  static of(backend: SessionBackend, clock: Clock): SessionLocks {
    let locks = byBackend.get(backend)
    if (locks === undefined) byBackend.set(backend, (locks = new SessionLocks(clock)))
    return locks
  }

  isHeld(id: string): boolean {
    return this.#locks.size > 0 && this.#locks.has(id)
  }

  /** The hold of the section that the caller runs inside of, if it was entered with `ambient`. */
  ambientHold(id: string): ReentrantHold | undefined {
    const lock = this.#locks.size > 0 ? this.#locks.get(id) : undefined
    return lock === undefined ? undefined : ambientHold(lock)?.nearestHeld
  }

  /** Rejects with `LockTimeoutError` or the signal's reason. Whoever has the hold gives it back with `release`. */
  acquire(id: string, options: WaitOptions): ReentrantHold | Promise<ReentrantHold> {
    let lock = this.#locks.get(id)
    if (lock === undefined) {
      lock = new ReentrantLock({ name: `session ${id}`, clock: this.#clock })
      this.#locks.set(id, lock)
    }
    return lock.tryAcquire() ?? lock.acquire(options)
  }

  lockOf(id: string): ReentrantLock | undefined {
    return this.#locks.get(id)
  }

  /** Of the hold, or of one below it that outlived it. */
  release(id: string, hold: ReentrantHold): void {
    hold.release()
    if (this.#locks.get(id)?.isHeld === false) this.#locks.delete(id)
  }
}
