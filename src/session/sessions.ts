import { systemClock, type Clock } from '../kernel/clock.ts'
import type { Answer, ListOptions, Mode, SessionBackend, SessionPage } from './backend.ts'
import { checkLimits, type SessionLimits } from './limits.ts'
import { checkId, newSessionId } from './names.ts'
import { checkDuration } from './options.ts'
import { Session, type OpenOptions } from './session-manager.ts'
import { SessionsCore, type SessionWarning } from './sessions-core.ts'
import type { SessionCounters, SessionHealth } from './statistics.ts'
import type { SessionManager, SessionValues } from './types.ts'

export interface SessionsOptions<M extends Mode> extends Partial<SessionLimits> {
  /** Where the sessions are kept: `memoryBackend()`, `lmdbBackend(…)`, `redisBackend(…)`. It is closed with the sessions. */
  backend: SessionBackend<M>
  /** How long a write or a section waits for its turn. @default 5_000 */
  timeoutMs?: number
  /** How long a session ends after its last write. @default never */
  ttlMs?: number
  /**
   * How long a lock on a session outlives a process that was killed while it held it. Locks are renewed, so that a section
   * may take longer. @default 3_000
   */
  leaseMs?: number
  /**
   * Whether functions that a section calls find themselves inside of it without being handed its transaction. It takes an
   * AsyncLocalStorage, which on Node 20 makes every await of the process slower from the first section on. @default false
   */
  ambient?: boolean
  /** Gets a warning for every lock timeout and every failed mirror. @default `process.emitWarning` */
  log?: { warn(details: SessionWarning, message: string): void }
  /** @default systemClock */
  clock?: Clock
}

/** Sessions by id, on one backend. */
export class Sessions<M extends Mode = Mode> implements AsyncDisposable {
  readonly #core: SessionsCore
  readonly #clock: Clock
  #closing: Promise<void> | undefined

  /** @see openSessions */
  constructor(options: SessionsOptions<M>) {
    const {
      backend,
      timeoutMs = 5_000,
      leaseMs = 3_000,
      ttlMs,
      ambient = false,
      log,
      clock = systemClock,
    } = options
    checkDuration('timeoutMs', timeoutMs)
    checkDuration('leaseMs', leaseMs, 10)
    if (ttlMs !== undefined) checkDuration('ttlMs', ttlMs, 1)
    const { maxKeys, maxValueChars } = options
    const limits = checkLimits({
      ...(maxKeys !== undefined && { maxKeys }),
      ...(maxValueChars !== undefined && { maxValueChars }),
    })
    this.#clock = clock
    const warn = log === undefined ? emitWarning : log.warn.bind(log)
    this.#core = new SessionsCore({
      backend,
      timeoutMs,
      leaseMs,
      ttlMs,
      limits,
      clock,
      isAmbient: ambient,
      warn,
    })
  }

  /** The manager of one session; nothing is read or written yet. Throws `InvalidInputError` for what cannot be an id. */
  open<S extends SessionValues = SessionValues>(id: string, options: OpenOptions = {}): SessionManager<S, M> {
    return new Session<S, M>(checkId(id), this.#core, options)
  }

  /** The manager of a session with a new random id of 128 bits. It begins to exist with the first write. */
  create<S extends SessionValues = SessionValues>(options?: OpenOptions): SessionManager<S, M> {
    return this.open<S>(newSessionId(), options)
  }

  list(options: ListOptions = {}): Answer<M, SessionPage> {
    return this.#core.backend.list(options) as Answer<M, SessionPage>
  }

  /** Removes what has expired from the store, and answers how many sessions those were. */
  sweep(): Answer<M, number> {
    return this.#core.backend.sweep() as Answer<M, number>
  }

  /** How long a write or a section waits for its turn, from its next wait on. */
  get timeoutMs(): number {
    return this.#core.timeoutMs
  }

  set timeoutMs(timeoutMs: number) {
    checkDuration('timeoutMs', timeoutMs)
    this.#core.timeoutMs = timeoutMs
  }

  /** Milliseconds since 1970, on the clock of these sessions. */
  wallMs(): number {
    return this.#clock.wallMs()
  }

  /** Counts a save that would have brought a destroyed session back. */
  noteRefusedRevival(): void {
    this.#core.counters.refusedRevivals++
  }

  getStats(): SessionCounters {
    return { ...this.#core.counters }
  }

  resetStats(): void {
    this.#core.resetStats()
  }

  checkHealth(): Promise<SessionHealth> {
    return this.#core.checkHealth()
  }

  /** Closes the backend. */
  close(): Promise<void> {
    this.#closing ??= this.#core.backend.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * ```ts
 * await using sessions = openSessions({ backend: memoryBackend(), ttlMs: 30 * 60_000 })
 * const session = sessions.open<{ visits: number }>(id)
 * session.atomicUpdate(({ visits = 0 }) => ({ visits: visits + 1 }))
 * ```
 */
export function openSessions<M extends Mode>(options: SessionsOptions<M>): Sessions<M> {
  return new Sessions(options)
}

function emitWarning(warning: SessionWarning, message: string): void {
  process.emitWarning(message, { type: 'LeaseholdWarning', code: warning.code })
}
