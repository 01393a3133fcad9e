import { onAbort } from '../kernel/abort.ts'
import { Deferred } from '../kernel/deferred.ts'
import { LinkedList, type ListNode } from '../kernel/linked-list.ts'
import { Deadlines, type Deadline } from './deadlines.ts'
import type { LockContext } from './lock-context.ts'
import type { WaitOptions } from './options.ts'

/** A place in the line. The ticket is what the waiter gets once it is served. */
class Waiter<T> extends Deferred<T> implements Deadline {
  heapIndex: number = -1
  startedAtMs = 0
  deadlineAtMs: number = Infinity
  place: ListNode<Waiter<T>> | undefined
  abortListener: Disposable | undefined
  readonly line: WaitLine<T>
  readonly ticket: T

  constructor(line: WaitLine<T>, ticket: T) {
    super()
    this.line = line
    this.ticket = ticket
  }

  expire(): void {
    this.line.expire(this)
  }

  afterExpiry(): void {
    this.line.onLeave('timeout')
  }
}

/** Called after waiters have left unserved, which in some locks lets others in. */
export type LeaveListener = (cause: 'timeout' | 'abort') => void

/**
 * First come, first served. Whoever waits brings a ticket: the hold that becomes theirs by `serve()`, in the turn in which
 * another one gives it up, so that nobody can slip in between. A waiter that times out or aborts is out of the line in
 * the same turn, and the line keeps nothing of it.
 */
export class WaitLine<T> {
  readonly onLeave: LeaveListener
  readonly #context: LockContext
  readonly #key: unknown
  readonly #waiters = new LinkedList<Waiter<T>>()

  /** @param key What of the lock is waited for, where it has several; for messages. */
  constructor(context: LockContext, onLeave: LeaveListener = () => {}, key?: unknown) {
    this.#context = context
    this.onLeave = onLeave
    this.#key = key
  }

  get size(): number {
    return this.#waiters.size
  }

  /** The ticket that is served next. */
  get first(): T | undefined {
    return this.#waiters.first?.ticket
  }

  /** Resolves with the ticket once it is served; rejects with a `LockTimeoutError`, or with the signal's reason. */
  wait(ticket: T, options?: WaitOptions): Promise<T> {
    const context = this.#context
    const timeoutMs = options?.timeoutMs ?? context.timeoutMs
    // In the same turn: a wait of 0 ms is never seen in the line.
    if (timeoutMs === 0) {
      context.timedOut++
      return Promise.reject(context.timeoutError(0, this.size, this.#key))
    }
    const waiter = new Waiter(this, ticket)
    waiter.place = this.#waiters.append(waiter)
    context.waiting++
    if (timeoutMs !== Infinity) {
      waiter.startedAtMs = context.clock.nowMs()
      waiter.deadlineAtMs = waiter.startedAtMs + timeoutMs
      Deadlines.of(context.clock).add(waiter)
    }
    const signal = options?.signal
    if (signal !== undefined) waiter.abortListener = onAbort(signal, (reason) => this.#abort(waiter, reason))
    return waiter.promise
  }

  /** Takes the first out of the line, gives it its ticket and answers with that. */
  serve(): T | undefined {
    const waiter = this.#waiters.first
    if (waiter === undefined) return undefined
    this.#remove(waiter)
    this.#context.acquired++
    waiter.resolve(waiter.ticket)
    return waiter.ticket
  }

  /** For the deadline of one of its waiters. */
  expire(waiter: Waiter<T>): void {
    const context = this.#context
    this.#remove(waiter)
    context.timedOut++
    const waitedMs = context.clock.nowMs() - waiter.startedAtMs
    waiter.reject(context.timeoutError(waitedMs, this.size, this.#key))
  }

  #abort(waiter: Waiter<T>, reason: unknown): void {
    this.#remove(waiter)
    this.#context.aborted++
    waiter.reject(reason)
    this.onLeave('abort')
  }

  #remove(waiter: Waiter<T>): void {
    this.#waiters.unlink(waiter.place as ListNode<Waiter<T>>)
    this.#context.waiting--
    if (waiter.deadlineAtMs !== Infinity) Deadlines.of(this.#context.clock).remove(waiter)
    waiter.abortListener?.[Symbol.dispose]()
  }
}
