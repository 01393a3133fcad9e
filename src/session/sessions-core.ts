import type { Clock } from '../kernel/clock.ts'
import { LockTimeoutError } from '../kernel/errors.ts'
import type { WaitOptions } from '../sync/options.ts'
import type { ReentrantHold } from '../sync/reentrant-hold.ts'
import type { SessionBackend } from './backend.ts'
import { CombiningWriter } from './combining-writer.ts'
import { ImmediateWriter } from './immediate-writer.ts'
import type { SessionLimits } from './limits.ts'
import { LockedSections } from './locked-sections.ts'
import { newSessionId } from './names.ts'
import { RecentRecords } from './recent-records.ts'
import { SessionLocks } from './session-locks.ts'
import { newCounters, type SessionCounters, type SessionHealth } from './statistics.ts'
import { RunningDrafts, type Writer } from './write.ts'

export interface SessionWarning {
  code: 'LOCK_TIMEOUT' | 'MIRROR_FAILED'
  session?: string
  error: unknown
}

export interface CoreOptions {
  readonly backend: SessionBackend
  readonly timeoutMs: number
  readonly leaseMs: number
  readonly ttlMs: number | undefined
  readonly limits: SessionLimits
  readonly clock: Clock
  readonly isAmbient: boolean
  readonly warn: (warning: SessionWarning, message: string) => void
}

/** What all sessions that were opened together share. */
export class SessionsCore {
  readonly backend: SessionBackend
  readonly limits: SessionLimits
  readonly ttlMs: number | undefined
  readonly counters: SessionCounters = newCounters()
  readonly locks: SessionLocks
  readonly running: RunningDrafts
  readonly sections: LockedSections
  readonly writer: Writer
  /** How long the store may take for one answer: whoever does not want to wait for others still waits for that. */
  readonly storeTimeoutMs: number
  /** Can be changed; counts from the next wait on. */
  timeoutMs: number
  readonly #clock: Clock
  readonly #warn: CoreOptions['warn']

  constructor(options: CoreOptions) {
    const { backend, clock, limits } = options
    this.backend = backend
    this.limits = limits
    this.ttlMs = options.ttlMs
    this.timeoutMs = options.timeoutMs
    this.storeTimeoutMs = Math.max(options.timeoutMs, 1_000)
    this.#clock = clock
    this.#warn = options.warn
    this.locks = SessionLocks.of(backend, clock)
    this.running = RunningDrafts.of(backend)
    const { counters, running, locks } = this
    const recent = new RecentRecords()
    const onLockTimeout = (error: LockTimeoutError): void => this.noteLockTimeout(error)
    const { storeTimeoutMs } = this
    const shared = { limits, counters, clock, recent, storeTimeoutMs, onLockTimeout }
    this.sections = new LockedSections({ ...shared, ...options, locks })
    this.writer = isSync(backend)
      ? new ImmediateWriter(backend, limits, counters, running)
      : new CombiningWriter({ ...shared, backend, running })
  }

  /** A turn at the session, before a write that found it locked. */
  async acquire(id: string, wait: WaitOptions): Promise<ReentrantHold> {
    try {
      return await this.locks.acquire(id, wait)
    } catch (error) {
      if (error instanceof LockTimeoutError) this.noteLockTimeout(error)
      throw error
    }
  }

  noteLockTimeout(error: LockTimeoutError): void {
    this.counters.failedAcquisitions++
    this.#warn({ code: 'LOCK_TIMEOUT', error }, error.message)
  }

  noteFailedMirror(session: string, error: unknown): void {
    this.counters.failedMirrors++
    this.#warn(
      { code: 'MIRROR_FAILED', session, error },
      `Session ${session} was written, but its mirror could not be: ${String(error)}`,
    )
  }

  resetStats(): void {
    Object.assign(this.counters, newCounters())
  }

  async checkHealth(): Promise<SessionHealth> {
    const startedAtMs = this.#clock.nowMs()
    const { failedAcquisitions } = this.counters
    const health = (error?: unknown): SessionHealth => ({
      isHealthy: failedAcquisitions === 0 && error === undefined,
      durationMs: this.#clock.nowMs() - startedAtMs,
      failedAcquisitions,
      ...(error !== undefined && { error: asError(error) }),
    })
    try {
      await this.#probe()
      return health()
    } catch (error) {
      return health(error)
    }
  }

  /** Only a write tells that a store can be written. */
  async #probe(): Promise<void> {
    const { backend, storeTimeoutMs: timeoutMs } = this
    const id = `leasehold.probe.${newSessionId()}`
    const set = { probe: true }
    await backend.commit(id, { expect: 'absent', set, remove: [], ttlMs: 10_000, timeoutMs })
    const record = await backend.read(id, timeoutMs)
    if (record?.fields['probe'] !== true) throw new Error('A record that was just written was not there.')
    await backend.commit(id, { expect: 'any', set: {}, remove: [], destroy: true, timeoutMs })
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The probe failed.', { cause: error })
}

function isSync(backend: SessionBackend): backend is SessionBackend<'sync'> {
  return backend.mode === 'sync'
}
