import type { LockContext } from './lock-context.ts'
import type { WaitOptions } from './options.ts'
import { WaitLine } from './wait-line.ts'

/** Lets one ticket in at a time: the core of every exclusive lock. Its line exists only once somebody has waited. */
export class Gate<T> {
  readonly #context: LockContext
  readonly #key: unknown
  #holder: T | undefined
  #line: WaitLine<T> | undefined

  /** @param key Which gate of the lock it is, where there are several; for messages. */
  constructor(context: LockContext, key?: unknown) {
    this.#context = context
    this.#key = key
  }

  /** Whose ticket is in. */
  get holder(): T | undefined {
    return this.#holder
  }

  /** The gate must be free. */
  take(ticket: T): T {
    this.#holder = ticket
    this.#context.acquired++
    return ticket
  }

  /** In at once where the gate is free, and else after everybody who came before. */
  enter(ticket: T, options?: WaitOptions): T | Promise<T> {
    if (this.#holder === undefined) return this.take(ticket)
    this.#line ??= new WaitLine(this.#context, undefined, this.#key)
    return this.#line.wait(ticket, options)
  }

  /** If it is this ticket that is in, it goes and the next one is in. */
  leave(ticket: T): void {
    if (this.#holder === ticket) this.#holder = this.#line?.serve()
  }
}
