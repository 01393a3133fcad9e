import type { Redis, RedisOptions } from 'ioredis'
import type { Clock } from '../../kernel/clock.ts'
import { Deferred } from '../../kernel/deferred.ts'
import { SessionOutcomeUnknownError, SessionStoreError } from '../../kernel/errors.ts'
import { Deadlines, type Deadline } from '../../sync/deadlines.ts'
import { defineScripts, type ScriptedRedis } from './scripts.ts'

/** What must not be left to the client: it would send what was given up, or send again what was carried out. */
const OURS: RedisOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  // Would call a write refused that may have been made.
  commandTimeout: undefined,
  autoResendUnfulfilledCommands: false,
  // Fails what is under way as soon as the connection is lost.
  maxRetriesPerRequest: 0,
  retryStrategy: (attempts) => Math.min(1_000, 20 * 2 ** Math.min(attempts, 6)),
}

/** Before a server that cannot be written is asked again. */
const REPLICA_PAUSE_MS = 50

export interface Target {
  /** The class: the package is imported only when it is needed. */
  readonly Redis: typeof Redis
  readonly url: string
  readonly redis?: RedisOptions | undefined
}

export function newClient(target: Target, more: RedisOptions = {}): Redis {
  return new target.Redis(target.url, { ...target.redis, ...OURS, ...more, replyMapping: 'legacy' })
}

/**
 * A connection that comes back by itself. A command waits for it, is sent, and is sent again when the connection was lost before
 * the answer, until its time is over; whoever sends something that changes data sees to it that a repetition does no harm.
 */
export class RedisConnection {
  readonly redis: ScriptedRedis
  readonly #clock: Clock
  readonly #where: string
  readonly #waiting = new Set<Deferred<void>>()
  #lastError: unknown
  #isClosed = false

  constructor(target: Target, clock: Clock) {
    this.#clock = clock
    this.#where = new URL(target.url).host
    this.redis = defineScripts(newClient(target))
    this.redis.on('error', (error) => (this.#lastError = error))
    this.redis.on('ready', () => {
      for (const waiter of this.#waiting) waiter.resolve()
    })
  }

  /** Rejects with `SessionStoreError` when the server cannot be reached in time. */
  async connect(timeoutMs: number): Promise<void> {
    this.redis.connect().catch((error: unknown) => (this.#lastError = error))
    try {
      await this.#ready(timeoutMs)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * @param send Called with whether it was called before. Its own errors (the server's refusals) become `SessionStoreError`.
   * @param isWrite Whether the outcome matters when no answer comes: then it is `SessionOutcomeUnknownError`.
   */
  async call<T>(send: (isRepeated: boolean) => Promise<T>, timeoutMs: number, isWrite: boolean): Promise<T> {
    const startedAtMs = this.#clock.nowMs()
    let wasSent = false
    for (;;) {
      const leftMs = Math.max(0, startedAtMs + timeoutMs - this.#clock.nowMs())
      try {
        if (this.redis.status !== 'ready') await this.#ready(leftMs)
      } catch (error) {
        throw wasSent && isWrite ? this.#unknown(error) : error
      }
      const isRepeated: boolean = wasSent
      wasSent = true
      try {
        this.#writeTogether()
        return await this.#inTime(send(isRepeated), leftMs, isWrite)
      } catch (error) {
        if (isReadOnly(error)) {
          this.#lastError = error
          // Nothing was written.
          wasSent = isRepeated
          // With too little time left, an attempt may end without an answer, and nobody would know its outcome.
          if (leftMs < timeoutMs / 4) throw this.#unreachable()
          await this.#leaveReplica()
          continue
        }
        if (!isConnectionLoss(error)) throw isOurs(error) ? error : this.#failure(error)
        this.#lastError = error
        // The loss may be known before the client says that it is not ready any more.
        await Promise.resolve()
        if (this.redis.status === 'ready') await this.#pause()
      }
    }
  }

  close(): void {
    this.#isClosed = true
    this.redis.disconnect()
    for (const waiter of this.#waiting) waiter.reject(this.#closed())
  }

  async #ready(timeoutMs: number): Promise<void> {
    if (this.#isClosed) throw this.#closed()
    const waiter = new Deferred<void>()
    const timer = this.#clock.callAt(this.#clock.nowMs() + timeoutMs, () =>
      waiter.reject(this.#unreachable()),
    )
    this.#waiting.add(waiter)
    try {
      await waiter.promise
    } finally {
      this.#waiting.delete(waiter)
      timer.cancel()
    }
  }

  /**
   * Whatever is sent in this turn leaves in one piece: a call of the system costs more than all else that a command needs.
   * (The client's own pipelines would let later commands wait until all earlier ones were answered.)
   */
  #writeTogether(): void {
    const { stream } = this.redis
    if (stream.writableCorked > 0) return
    stream.cork()
    process.nextTick(() => stream.uncork())
  }

  /** A server that is connected and says nothing is as good as none. */
  #inTime<T>(answer: Promise<T>, timeoutMs: number, isWrite: boolean): Promise<T> {
    // One timer for all commands: one for each would cost more than the rest of a command.
    const deadlines = Deadlines.of(this.#clock)
    return new Promise((resolve, reject) => {
      const deadline: Deadline = {
        heapIndex: -1,
        deadlineAtMs: this.#clock.nowMs() + timeoutMs,
        expire: () => reject(isWrite ? this.#unknown(undefined) : this.#unreachable()),
        afterExpiry: () => {},
      }
      deadlines.add(deadline)
      answer.then(resolve, reject).finally(() => deadlines.remove(deadline))
    })
  }

  /** A primary that has become a replica stays connected: who goes by its name now is known only to a new connection. */
  async #leaveReplica(): Promise<void> {
    await this.#pause(REPLICA_PAUSE_MS)
    if (this.redis.status === 'ready') this.redis.disconnect(true)
  }

  #pause(ms = 5): Promise<void> {
    const pause = new Deferred<void>()
    this.#clock.callAt(this.#clock.nowMs() + ms, () => pause.resolve())
    return pause.promise
  }

  #closed(): SessionStoreError {
    return new SessionStoreError('The sessions are closed; nothing was written.')
  }

  #unreachable(): SessionStoreError {
    return new SessionStoreError(
      `Redis at ${this.#where} does not answer (${describe(this.#lastError)}). Nothing was written. ` +
        'The connection is tried again by itself.',
      { cause: this.#lastError },
    )
  }

  #failure(cause: unknown): SessionStoreError {
    return new SessionStoreError(`Redis at ${this.#where} refused: ${describe(cause)}`, { cause })
  }

  #unknown(cause: unknown): SessionOutcomeUnknownError {
    return new SessionOutcomeUnknownError(
      `Redis at ${this.#where} did not answer in time (${describe(cause ?? this.#lastError)}). The write was sent: ` +
        'it may have been made or not. Read the session before trying again.',
      { cause },
    )
  }
}

/** As a replica answers. The scripts write nothing before their first write is refused. */
function isReadOnly(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && /\bREADONLY\b/.test(error.message)
}

function isOurs(error: unknown): boolean {
  return error instanceof SessionStoreError || error instanceof SessionOutcomeUnknownError
}

/** As opposed to an answer of the server. */
function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error) || isOurs(error)) return false
  return (
    error.name !== 'ReplyError' &&
    /max retries per request|connection is closed|stream isn't writeable|ECONN|EPIPE/i.test(error.message)
  )
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message || error.name : 'no answer'
}
