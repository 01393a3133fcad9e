import { onAbort } from '../kernel/abort.ts'
import type { Clock } from '../kernel/clock.ts'
import { Deferred } from '../kernel/deferred.ts'
import type { Emitter } from '../kernel/events.ts'
import type { RuntimeEvents } from '../kernel/runtime-events.ts'

type Kind = keyof RuntimeEvents

const KINDS = ['request', 'load', 'unload', 'batch', 'swap', 'warning'] as const satisfies readonly Kind[]

/** One event of the runtime, or a mark that older ones were dropped because the reader was slower than the runtime. */
export type StreamedEvent =
  | { [Name in Kind]: { kind: Name; wallMs: number } & RuntimeEvents[Name] }[Kind]
  | { kind: 'gap'; dropped: number }

export interface EventStreamOptions {
  /** Which events. @default all */
  kinds?: readonly Kind[]
  /** Events that are kept for a reader that is busy; the oldest is dropped first. @default 1,000 */
  capacity?: number
  /** Ends the stream. */
  signal?: AbortSignal
}

type Result = IteratorResult<StreamedEvent, undefined>

const END: Result = { done: true, value: undefined }

/**
 * The events of a runtime from now on, for one reader: `for await (const event of stream)`. Leaving the loop, the signal,
 * and `close()` end it; what has not been read by then is gone.
 */
export class EventStream implements AsyncIterableIterator<StreamedEvent, undefined>, Disposable {
  readonly #capacity: number
  readonly #subscriptions: Disposable[]
  readonly #buffer: StreamedEvent[] = []
  /** Calls of `next()` that wait: then the buffer is empty. */
  readonly #readers: Deferred<Result>[] = []
  #dropped = 0
  #isClosed = false

  /** @param source.ending Ends all streams of one monitor. */
  constructor(
    source: { events: Emitter<RuntimeEvents>; clock: Clock; ending: AbortSignal },
    options: EventStreamOptions = {},
  ) {
    const { events, clock, ending } = source
    const { kinds = KINDS, capacity = 1_000, signal } = options
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`The capacity of an event stream is an integer ≥ 1, got ${capacity}.`)
    this.#capacity = capacity
    this.#subscriptions = kinds.map((kind) =>
      events.on(kind, (event) => this.#push({ kind, wallMs: clock.wallMs(), ...event } as StreamedEvent)),
    )
    for (const end of [ending, signal]) this.#subscriptions.push(onAbort(end, () => this.close()))
  }

  async next(): Promise<Result> {
    if (this.#isClosed) return END
    if (this.#dropped > 0) {
      const gap: StreamedEvent = { kind: 'gap', dropped: this.#dropped }
      this.#dropped = 0
      return { done: false, value: gap }
    }
    const value = this.#buffer.shift()
    if (value !== undefined) return { done: false, value }
    const reader = new Deferred<Result>()
    this.#readers.push(reader)
    return reader.promise
  }

  async return(): Promise<Result> {
    this.close()
    return END
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]()
    for (const reader of this.#readers.splice(0)) reader.resolve(END)
    this.#buffer.length = 0
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #push(event: StreamedEvent): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) return reader.resolve({ done: false, value: event })
    if (this.#buffer.length === this.#capacity) {
      this.#buffer.shift()
      this.#dropped++
    }
    this.#buffer.push(event)
  }
}
