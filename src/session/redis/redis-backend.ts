import type { RedisOptions } from 'ioredis'
import { systemClock, type Clock } from '../../kernel/clock.ts'
import { ConfigError, SessionOutcomeUnknownError } from '../../kernel/errors.ts'
import { KeyedLock } from '../../sync/keyed-lock.ts'
import type {
  Change,
  CommitResult,
  Durability,
  Guarantees,
  IncrementBatch,
  IncrementResult,
  LeaseGrant,
  LeaseStore,
  ListOptions,
  SessionBackend,
  SessionPage,
  SessionRecord,
} from '../backend.ts'
import { importPeer } from '../import-peer.ts'
import { newSessionId } from '../names.ts'
import type { SessionListener } from '../watchers.ts'
import { RedisConnection, type Target } from './connection.ts'
import { RedisIncrements } from './redis-increments.ts'
import { RedisWatcher, type Sighting } from './redis-watcher.ts'
import { timeToLive, type Reply } from './scripts.ts'
import { durabilityOf, isClusterNode } from './server-settings.ts'
import { SessionKeys, toPairs, toRecord } from './session-hash.ts'

export interface RedisBackendOptions {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. A single server or a primary, no cluster; 6.2 or newer. */
  url: string
  /** More options of ioredis, such as `tls`. How commands are queued and repeated is not left to them. */
  redis?: RedisOptions
  /** What all keys begin with. @default 'leasehold' */
  prefix?: string
  /** How long to wait for the server at the start. @default 5_000 */
  connectTimeoutMs?: number
  /** What an answered write survives, where the server cannot be asked (`CONFIG` is forbidden). @default the server's settings */
  durability?: Durability
  /** Answer a write only when so many replicas have it. A failover then loses fewer answered writes, not none. @default 0 */
  replicas?: number
  /** @default systemClock */
  clock?: Clock
}

/** For calls that name no timeout of their own. */
const TIMEOUT_MS = 5_000
/** How long the outcome of a commit is remembered, for when it is sent again: longer than anybody keeps trying. */
const rememberMs = (timeoutMs: number): number => Math.max(60_000, 2 * timeoutMs)

/**
 * Sessions for many machines, in Redis. Every change is one script, which checks version, lease and fence in the step in which it
 * writes; a change that is sent again after a lost connection is recognised and not made twice.
 */
export class RedisBackend implements SessionBackend<'async'> {
  readonly mode = 'async' as const
  readonly guarantees: Guarantees
  readonly leases: LeaseStore
  readonly #connection: RedisConnection
  readonly #keys: SessionKeys
  readonly #watcher: RedisWatcher
  readonly #increments: RedisIncrements
  readonly #replicas: number
  readonly #client = newSessionId()
  /** The server remembers the last commit of each client to a session, so there is one at a time. */
  readonly #committing = new KeyedLock<string>()
  #sequence = 0

  /** @see redisBackend */
  constructor(
    target: Target,
    connection: RedisConnection,
    options: RedisBackendOptions,
    durability: Durability,
  ) {
    const { prefix = 'leasehold', replicas = 0 } = options
    this.guarantees = {
      scope: 'cluster',
      durability: replicas > 0 ? 'replica' : durability,
      linearizable: true,
      lossOnFailover: 'possible',
    }
    this.#connection = connection
    this.#keys = new SessionKeys(prefix)
    const look = (id: string): Promise<Sighting | undefined> => this.#look(id)
    this.#watcher = new RedisWatcher({ target, keys: this.#keys, clock: options.clock ?? systemClock, look })
    this.#replicas = replicas
    this.#increments = new RedisIncrements({
      connection,
      keys: this.#keys,
      client: this.#client,
      timeoutMs: TIMEOUT_MS,
      rememberMs,
      written: (timeoutMs) => this.#waitForReplicas(timeoutMs),
    })
    this.leases = {
      acquire: (id, leaseMs, timeoutMs) => this.#acquire(id, leaseMs, timeoutMs),
      renew: (id, fence, leaseMs) => this.#renew(id, fence, leaseMs),
      release: (id, fence) => this.#release(id, fence),
    }
  }

  async read(id: string, timeoutMs: number = TIMEOUT_MS): Promise<SessionRecord | undefined> {
    const key = this.#keys.session(id)
    // HGETALL itself would lose the key `__proto__` on its way into an object.
    const read = (): Promise<unknown> => this.#connection.redis.call('HGETALL', key)
    return toRecord((await this.#connection.call(read, timeoutMs, false)) as string[])
  }

  async commit(id: string, change: Change): Promise<CommitResult> {
    const lane = change.fence === undefined ? id : `${id} ${change.fence}`
    return this.#committing.run(lane, () => this.#commit(id, change))
  }

  increment(id: string, batch: IncrementBatch): Promise<IncrementResult> {
    return this.#increments.add(id, batch)
  }

  async list({ prefix = '', cursor = '0', limit = 100 }: ListOptions): Promise<SessionPage> {
    const { redis } = this.#connection
    const scan = async (): Promise<SessionPage> => {
      const [next, keys] = await redis.scan(cursor, 'MATCH', this.#keys.pattern(prefix), 'COUNT', limit)
      // A lease on a session that does not exist is a hash too.
      const exist = await Promise.all(keys.map((key) => redis.hexists(key, 'v')))
      const ids = keys.filter((_, index) => exist[index] === 1).map((key) => this.#keys.idOf(key))
      return next === '0' ? { ids } : { ids, cursor: next }
    }
    return this.#connection.call(scan, TIMEOUT_MS, false)
  }

  /** Redis does it. */
  async sweep(): Promise<number> {
    return 0
  }

  watch(id: string, listener: SessionListener): Disposable {
    return this.#watcher.watch(id, listener)
  }

  async close(): Promise<void> {
    this.#watcher.close()
    this.#connection.close()
  }

  async #look(id: string): Promise<Sighting | undefined> {
    const { redis } = this.#connection
    const key = this.#keys.session(id)
    const look = (): Promise<[string | null, number]> => Promise.all([redis.hget(key, 'v'), redis.pttl(key)])
    const [version, ttlMs] = await this.#connection.call(look, TIMEOUT_MS, false)
    // Minus one: no end; minus two: it ended between the two answers.
    if (version === null || ttlMs === -2) return undefined
    return { version: Number(version), ttlMs: ttlMs < 0 ? undefined : ttlMs }
  }

  async #commit(id: string, change: Change): Promise<CommitResult> {
    const { timeoutMs = TIMEOUT_MS, ttlMs, fence } = change
    const sequence = ++this.#sequence
    const isFenced = fence !== undefined
    const lastCommit = this.#keys.lastCommit(id, isFenced ? `${this.#client}:l` : this.#client)
    const pairs = toPairs(change.set)
    const send = (isRepeated: boolean): Promise<Reply> =>
      this.#connection.redis.sessionCommit(
        this.#keys.session(id),
        lastCommit,
        String(change.expect),
        timeToLive(ttlMs),
        isFenced ? fence : '',
        (change.destroy ? 'd' : '') + (change.endsLease ? 'l' : '') + (isRepeated ? 'r' : ''),
        sequence,
        rememberMs(timeoutMs),
        this.#keys.channel(id),
        pairs.length / 2,
        ...pairs,
        ...change.remove,
      )
    const reply = await this.#connection.call(send, timeoutMs, true)
    const result = await this.#understand(id, change, reply)
    if (result.outcome === 'done') await this.#waitForReplicas(timeoutMs)
    return result
  }

  async #understand(id: string, change: Change, reply: Reply): Promise<CommitResult> {
    const [outcome, ...rest] = reply
    switch (outcome) {
      case 'done': {
        const version = Number(rest[0])
        const { fields } = change
        const expiry = rest[1] === '' ? {} : { expiresAtMs: Number(rest[1]) }
        if (change.destroy) return { outcome, version, record: undefined }
        return { outcome, version, record: fields ? { fields, version, ...expiry } : await this.read(id) }
      }
      case 'conflict':
        return { outcome, now: toRecord(rest[0] as string[]) }
      case 'locked':
        return { outcome, forMs: Number(rest[0]) }
      default:
        return { outcome: 'fenced' }
    }
  }

  async #waitForReplicas(timeoutMs: number): Promise<void> {
    if (this.#replicas === 0) return
    const wait = (): Promise<number> => this.#connection.redis.wait(this.#replicas, timeoutMs)
    const reached = await this.#connection.call(wait, 2 * timeoutMs, true)
    if (reached < this.#replicas)
      throw new SessionOutcomeUnknownError(
        `The write was made, but only ${reached} of ${this.#replicas} replicas had it within ${timeoutMs} ms: ` +
          'it is lost if one of the others takes over.',
      )
  }

  async #acquire(id: string, leaseMs: number, timeoutMs: number = TIMEOUT_MS): Promise<LeaseGrant> {
    const holder = `${this.#client}:${++this.#sequence}`
    const acquire = (): Promise<Reply> =>
      this.#connection.redis.sessionAcquire(this.#keys.session(id), Math.ceil(leaseMs), holder)
    const [isGranted, value, flat] = await this.#connection.call(acquire, timeoutMs, false)
    if (isGranted !== 1) return { isGranted: false, forMs: Number(value) }
    return { isGranted: true, fence: Number(value), record: toRecord(flat as string[]) }
  }

  async #renew(id: string, fence: number, leaseMs: number): Promise<boolean> {
    const renew = (): Promise<number> =>
      this.#connection.redis.sessionRenew(this.#keys.session(id), fence, Math.ceil(leaseMs))
    return (await this.#connection.call(renew, leaseMs, false)) === 1
  }

  async #release(id: string, fence: number): Promise<void> {
    const release = (): Promise<number> =>
      this.#connection.redis.sessionRelease(this.#keys.session(id), fence)
    await this.#connection.call(release, TIMEOUT_MS, false)
  }
}

/**
 * Keeps sessions in Redis, for any number of machines. Needs the package `ioredis`. Rejects with `SessionStoreError` when the
 * server cannot be reached within `connectTimeoutMs`, with `ConfigError` when it is a node of a cluster; a server that goes away later is waited for, by each call for as long as its
 * own timeout, and comes back without a restart.
 */
export async function redisBackend(options: RedisBackendOptions): Promise<RedisBackend> {
  const { url, redis, connectTimeoutMs = TIMEOUT_MS, clock = systemClock } = options
  if (redis?.keyPrefix)
    throw new ConfigError(
      'Sessions name their keys themselves: give `prefix` in the place of `redis.keyPrefix`.',
    )
  const { Redis } = await importPeer('ioredis', () => import('ioredis'))
  const target = { Redis, url, redis }
  const connection = new RedisConnection(target, clock)
  await connection.connect(connectTimeoutMs)
  if (await isClusterNode(connection.redis)) {
    connection.close()
    throw new ConfigError(
      `Redis at ${new URL(url).host} is a node of a cluster. Sessions need a single server, or a primary with replicas: name one.`,
    )
  }
  const durability = options.durability ?? (await durabilityOf(connection.redis))
  return new RedisBackend(target, connection, options, durability)
}
