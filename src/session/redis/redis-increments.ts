import { Deferred } from '../../kernel/deferred.ts'
import { SessionStoreError } from '../../kernel/errors.ts'
import type { IncrementBatch, IncrementResult } from '../backend.ts'
import { coalesce, type Coalesced } from './coalesced.ts'
import type { RedisConnection } from './connection.ts'
import { timeToLive } from './scripts.ts'
import type { SessionKeys } from './session-hash.ts'

/** Sessions that one script changes; the server does nothing else meanwhile. */
const MAX_GROUP = 100

export interface IncrementsContext {
  readonly connection: RedisConnection
  readonly keys: SessionKeys
  readonly client: string
  readonly timeoutMs: number
  /** How long the outcome of a script that may take so long is remembered. */
  readonly rememberMs: (timeoutMs: number) => number
  /** Called when something has been written. */
  readonly written: (timeoutMs: number) => Promise<void>
}

interface Attempt {
  /** Where its outcome is remembered. */
  readonly slot: number
  readonly sequence: number
  readonly timeoutMs: number
  readonly isRepeated: boolean
}

class Pending extends Deferred<IncrementResult> {
  readonly id: string
  readonly batch: IncrementBatch
  readonly coalesced: Coalesced

  constructor(id: string, batch: IncrementBatch) {
    super()
    this.id = id
    this.batch = batch
    this.coalesced = coalesce(batch.increments)
  }
}

/** Sends the increments of all sessions that come in the same turn together: most of what one costs is its sending. */
export class RedisIncrements {
  readonly #context: IncrementsContext
  #pending: Pending[] = []
  /** Places for outcomes at the server that nothing under way uses. */
  readonly #freeSlots: number[] = []
  #slots = 0
  #sequence = 0

  constructor(context: IncrementsContext) {
    this.#context = context
  }

  add(id: string, batch: IncrementBatch): Promise<IncrementResult> {
    const pending = new Pending(id, batch)
    // After all that runs in this turn; promises that follow one another take several steps of it.
    if (this.#pending.push(pending) === 1) process.nextTick(() => this.#flush())
    return pending.promise
  }

  #flush(): void {
    let rest = this.#pending
    this.#pending = []
    for (let first = rest[0]; first !== undefined; first = rest[0]) {
      const { batch } = first
      const alike: Pending[] = []
      const others: Pending[] = []
      for (const pending of rest) (isAlike(pending.batch, batch) ? alike : others).push(pending)
      for (let i = 0; i < alike.length; i += MAX_GROUP) void this.#send(alike.slice(i, i + MAX_GROUP))
      rest = others
    }
  }

  /** Never rejects. */
  async #send(group: readonly Pending[]): Promise<void> {
    const { connection, timeoutMs: byDefault, written } = this.#context
    const timeoutMs = group[0]?.batch.timeoutMs ?? byDefault
    const slot = this.#freeSlots.pop() ?? ++this.#slots
    const sequence = ++this.#sequence
    try {
      const send = (isRepeated: boolean): Promise<string[]> =>
        this.#call(group, { slot, sequence, timeoutMs, isRepeated })
      const replies = await connection.call(send, timeoutMs, true)
      // After a failure it stays taken: what was sent may be carried out late, and would be taken for the outcome of another.
      this.#freeSlots.push(slot)
      if (replies.some((reply) => reply.startsWith('done'))) await written(timeoutMs)
      for (const [i, pending] of group.entries()) answer(pending, replies[i] ?? '')
    } catch (error) {
      for (const pending of group) pending.reject(error)
    }
  }

  #call(group: readonly Pending[], attempt: Attempt): Promise<string[]> {
    const { connection, keys, client, rememberMs } = this.#context
    const { mustExist = false, ttlMs, maxKeys = 0 } = group[0]?.batch ?? {}
    const flags = (attempt.isRepeated ? 'r' : '') + (mustExist ? 'e' : '')
    const memoryMs = rememberMs(attempt.timeoutMs)
    const parameters: (string | number)[] = [keys.outcome(client, attempt.slot)]
    for (const { id } of group) parameters.push(keys.session(id))
    parameters.push(flags, attempt.sequence, memoryMs, keys.kindAt, timeToLive(ttlMs), maxKeys)
    for (const { coalesced } of group) parameters.push(coalesced.parts.length / 3, ...coalesced.parts)
    return connection.redis.sessionIncrement(1 + group.length, ...parameters)
  }
}

/** Whether one script can make them both. */
function isAlike(a: IncrementBatch, b: IncrementBatch): boolean {
  if (a === b) return true
  return (
    a.ttlMs === b.ttlMs &&
    a.mustExist === b.mustExist &&
    a.maxKeys === b.maxKeys &&
    a.timeoutMs === b.timeoutMs
  )
}

function answer({ resolve, reject, coalesced }: Pending, reply: string): void {
  const words = reply.split(' ')
  switch (words[0]) {
    case 'done': {
      const finals: number[] = []
      for (let i = 2; i < words.length; i++) finals.push(Number(words[i]))
      return resolve({ outcome: 'done', version: Number(words[1]), sums: coalesced.sumsOf(finals) })
    }
    case 'locked':
      return resolve({ outcome: 'locked', forMs: Number(words[1]) })
    case 'failed': {
      const why = words.slice(1).join(' ')
      return reject(new SessionStoreError(`Redis refused an increment; nothing was written: ${why}`))
    }
    default:
      return resolve({ outcome: 'refused' })
  }
}
